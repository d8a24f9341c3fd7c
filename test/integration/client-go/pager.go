package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"
)

// checkPager lists in pages while objects are added: every page is of one revision.
func checkPager(ctx context.Context, check check) error {
	client, err := kubernetes.NewForConfig(check.config)
	if err != nil {
		return err
	}
	secrets := client.CoreV1().Secrets(check.namespace)
	create := func(name string) error {
		_, err := secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string][]byte{"bytes": {0, 255, 128}},
		}, metav1.CreateOptions{})
		return err
	}
	for index := range 7 {
		if err := create(fmt.Sprintf("page-%d", index)); err != nil {
			return err
		}
	}
	pages, count := 0, 0
	pages3 := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		pages++
		list, err := secrets.List(ctx, options)
		if err != nil {
			return nil, err
		}
		return list, create(fmt.Sprintf("page-9-late-%d", pages))
	})
	pages3.PageSize = 3
	pages3.PageBufferSize = 0
	err = pages3.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		count++
		if secret := object.(*corev1.Secret); string(secret.Data["bytes"]) != "\x00\xff\x80" {
			return fmt.Errorf("the bytes of %s are %v", secret.Name, secret.Data)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if pages != 3 || count != 7 {
		return fmt.Errorf("%d objects came in %d pages", count, pages)
	}
	return nil
}
