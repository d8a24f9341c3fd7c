package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// checkInformer starts a shared informer on objects that exist, changes them, and expects each event once and in order,
// all from one WatchList request.
func checkInformer(ctx context.Context, check check) error {
	client, err := kubernetes.NewForConfig(check.config)
	if err != nil {
		return err
	}
	configMaps := client.CoreV1().ConfigMaps(check.namespace)
	object := func(name, value string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"checked": "yes"}},
			Data:       map[string]string{"value": value},
		}
	}
	for _, name := range []string{"first", "second"} {
		if _, err := configMaps.Create(ctx, object(name, "1"), metav1.CreateOptions{}); err != nil {
			return err
		}
	}

	events := make(chan string, 100)
	tell := func(verb string, object any) {
		if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = last.Obj
		}
		configMap := object.(*corev1.ConfigMap)
		events <- verb + " " + configMap.Name + "=" + configMap.Data["value"]
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(check.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "checked=yes" }))
	informer := factory.Core().V1().ConfigMaps().Informer()
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("add", object) },
		UpdateFunc: func(_, object any) { tell("update", object) },
		DeleteFunc: func(object any) { tell("delete", object) },
	})
	if err != nil {
		return err
	}
	before := len(check.requests.all())
	informerContext, stop := context.WithCancel(ctx)
	factory.StartWithContext(informerContext)
	defer factory.Shutdown()
	defer stop()
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		return fmt.Errorf("the informer did not synchronise")
	}
	// The reflector hands on the initial state in no order.
	initial := []string{<-events, <-events}
	slices.Sort(initial)
	if !slices.Equal(initial, []string{"add first=1", "add second=1"}) {
		return fmt.Errorf("the initial events are %v", initial)
	}
	for _, exchange := range check.requests.all()[before:] {
		if exchange.method == http.MethodGet && !strings.Contains(exchange.query, "sendInitialEvents=true") {
			return fmt.Errorf("the informer fell back from WatchList: %s?%s", exchange.path, exchange.query)
		}
	}

	if _, err := configMaps.Create(ctx, object("third", "1"), metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := configMaps.Update(ctx, object("first", "2"), metav1.UpdateOptions{}); err != nil {
		return err
	}
	// Leaving the selection is a deletion to whoever watches with the selector, with the object as it was last seen.
	unlabelled := object("second", "2")
	unlabelled.Labels = nil
	if _, err := configMaps.Update(ctx, unlabelled, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := configMaps.Delete(ctx, "third", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := expectEvents(ctx, events, "add third=1", "update first=2", "delete second=1", "delete third=1"); err != nil {
		return err
	}
	listed, err := factory.Core().V1().ConfigMaps().Lister().ConfigMaps(check.namespace).Get("first")
	if err != nil {
		return err
	}
	if listed.Data["value"] != "2" {
		return fmt.Errorf("the lister holds value %q", listed.Data["value"])
	}
	return nil
}

func expectEvents(ctx context.Context, events <-chan string, expected ...string) error {
	for _, want := range expected {
		select {
		case got := <-events:
			if got != want {
				return fmt.Errorf("expected event %q, got %q", want, got)
			}
		case <-ctx.Done():
			return fmt.Errorf("no event %q: %w", want, ctx.Err())
		}
	}
	return nil
}
