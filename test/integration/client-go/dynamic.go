package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	watchtools "k8s.io/client-go/tools/watch"
)

const group = "client-go.mini.test"

var definitions = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

func definition() *unstructured.Unstructured {
	integer := map[string]any{"type": "integer"}
	object := func(properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "properties": properties}
	}
	spec := object(map[string]any{"size": map[string]any{"type": "integer", "minimum": int64(1)}, "count": map[string]any{
		"type": "integer", "default": int64(7),
	}})
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "widgets." + group},
		"spec": map[string]any{
			"group": group,
			"scope": "Namespaced",
			"names": map[string]any{"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": object(map[string]any{
					"spec": spec, "status": object(map[string]any{"ready": integer}),
				})},
			}},
		},
	}}
}

// checkDynamicClient defines a kind, finds it through discovery, and goes through its life with the dynamic client.
func checkDynamicClient(ctx context.Context, check check) (result error) {
	client, err := dynamic.NewForConfig(check.config)
	if err != nil {
		return err
	}
	created, err := client.Resource(definitions).Create(ctx, definition(), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() {
		if err := client.Resource(definitions).Delete(ctx, created.GetName(), metav1.DeleteOptions{}); result == nil {
			result = err
		}
	}()
	if err := untilEstablished(ctx, client, created); err != nil {
		return err
	}
	discovered, err := discovery.NewDiscoveryClientForConfig(check.config)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovered))
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: group, Kind: "Widget"})
	if err != nil {
		return err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace || mapping.Resource.Resource != "widgets" {
		return fmt.Errorf("discovery maps Widget to %v", mapping.Resource)
	}
	return checkWidgets(ctx, client.Resource(mapping.Resource).Namespace(check.namespace))
}

// untilEstablished waits as apiextensions' own clients do: with a watch from the version that creation answered.
func untilEstablished(ctx context.Context, client dynamic.Interface, created *unstructured.Unstructured) error {
	watcher := &watchOne{client.Resource(definitions), created.GetName()}
	_, err := watchtools.Until(ctx, created.GetResourceVersion(), watcher, func(event watch.Event) (bool, error) {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return false, apierrors.FromObject(event.Object)
		}
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		for _, condition := range conditions {
			fields := condition.(map[string]any)
			if fields["type"] == "Established" && fields["status"] == "True" {
				return true, nil
			}
		}
		return false, err
	})
	return err
}

type watchOne struct {
	dynamic.ResourceInterface
	name string
}

func (one *watchOne) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.FieldSelector = "metadata.name=" + one.name
	return one.ResourceInterface.Watch(ctx, options)
}

func (one *watchOne) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return one.WatchWithContext(context.Background(), options)
}

func checkWidgets(ctx context.Context, widgets dynamic.ResourceInterface) error {
	widget := func(name string, size int64) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": group + "/v1", "kind": "Widget",
			"metadata": map[string]any{"name": name},
			"spec":     map[string]any{"size": size, "unknown": "pruned"},
		}}
	}
	if _, err := widgets.Create(ctx, widget("bad", 0), metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("a value below the schema's minimum: %v", err)
	}
	created, err := widgets.Create(ctx, widget("one", 1), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	spec, _, err := unstructured.NestedMap(created.Object, "spec")
	if err != nil || len(spec) != 2 || spec["count"] != int64(7) || spec["size"] != int64(1) {
		return fmt.Errorf("the spec was not pruned and defaulted: %v %v", spec, err)
	}
	merge := []byte(`{"spec":{"size":3},"status":{"ready":9}}`)
	patched, err := widgets.Patch(ctx, "one", types.MergePatchType, merge, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if _, found, _ := unstructured.NestedInt64(patched.Object, "status", "ready"); found || patched.GetGeneration() != 2 {
		return fmt.Errorf("a patch of the object must leave its status alone and count the generation: %v", patched.Object)
	}
	if err := unstructured.SetNestedField(patched.Object, int64(1), "status", "ready"); err != nil {
		return err
	}
	updated, err := widgets.UpdateStatus(ctx, patched, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if ready, _, _ := unstructured.NestedInt64(updated.Object, "status", "ready"); ready != 1 || updated.GetGeneration() != 2 {
		return fmt.Errorf("the status was not updated: %v", updated.Object)
	}
	if _, err := widgets.Update(ctx, created, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("an update of an old version: %v", err)
	}
	watcher, err := widgets.Watch(ctx, metav1.ListOptions{ResourceVersion: updated.GetResourceVersion()})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if err := widgets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return err
	}
	select {
	case event := <-watcher.ResultChan():
		if event.Type != watch.Deleted {
			return fmt.Errorf("expected a deletion, got %v", event)
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	list, err := widgets.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) != 0 || list.GetKind() != "WidgetList" {
		return fmt.Errorf("the list after deletion is a %s of %d", list.GetKind(), len(list.Items))
	}
	return nil
}
