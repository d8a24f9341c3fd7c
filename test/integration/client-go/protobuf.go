package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// checkProtobuf sends every object as protobuf, as typed clients do, and takes answers in what the server prefers; then
// takes protobuf alone.
func checkProtobuf(ctx context.Context, check check) error {
	for _, accepted := range []string{protobuf + ",application/json", protobuf} {
		if err := checkProtobufWith(ctx, check, accepted); err != nil {
			return fmt.Errorf("accepting %s: %w", accepted, err)
		}
	}
	return nil
}

func checkProtobufWith(ctx context.Context, check check, accepted string) error {
	config := rest.CopyConfig(check.config)
	config.ContentType = protobuf
	config.AcceptContentTypes = accepted
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	before := len(check.requests.all())
	deployments := client.AppsV1().Deployments(check.namespace)
	watcher, err := deployments.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	sent := rich()
	created, err := deployments.Create(ctx, sent, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	got, err := deployments.Get(ctx, sent.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, object := range []*appsv1.Deployment{created, got} {
		if !equality.Semantic.DeepDerivative(sent.Spec, object.Spec) {
			return fmt.Errorf("sent %+v\ngot %+v", sent.Spec, object.Spec)
		}
	}
	if !equality.Semantic.DeepEqual(created.ObjectMeta.CreationTimestamp, got.ObjectMeta.CreationTimestamp) ||
		time.Since(got.CreationTimestamp.Time).Abs() > time.Hour {
		return fmt.Errorf("the time of creation is %v", got.CreationTimestamp)
	}
	select {
	case event := <-watcher.ResultChan():
		if object, ok := event.Object.(*appsv1.Deployment); !ok || event.Type != watch.Added || object.UID != created.UID {
			return fmt.Errorf("the first event is %v", event)
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	scale, err := deployments.GetScale(ctx, sent.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = 1
	// The controller writes the status meanwhile: this update means whatever version there is.
	scale.ResourceVersion = ""
	if scale, err = deployments.UpdateScale(ctx, sent.Name, scale, metav1.UpdateOptions{}); err != nil || scale.Spec.Replicas != 1 {
		return fmt.Errorf("the scale after its update is %v: %v", scale, err)
	}
	list, err := deployments.List(ctx, metav1.ListOptions{LabelSelector: "tier in (front)"})
	if err != nil || len(list.Items) != 1 || *list.Items[0].Spec.Replicas != 1 || list.ResourceVersion == "" {
		return fmt.Errorf("the list is %v: %v", list, err)
	}
	uid := created.UID
	background := metav1.DeletePropagationBackground
	if err := deployments.Delete(ctx, sent.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &background,
	}); err != nil {
		return err
	}
	_, err = deployments.Get(ctx, sent.Name, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("after deletion: %v", err)
	}
	for _, exchange := range check.requests.all()[before:] {
		if exchange.requestType != "" && exchange.requestType != protobuf {
			return fmt.Errorf("%s %s was sent as %s", exchange.method, exchange.path, exchange.requestType)
		}
		answered, _, _ := strings.Cut(exchange.responseType, ";")
		// A Status may come as JSON, which every client reads.
		isStatus := exchange.method == http.MethodDelete || exchange.code >= http.StatusBadRequest
		if !isStatus && !strings.Contains(accepted, answered) {
			return fmt.Errorf("%s %s was answered as %s", exchange.method, exchange.path, exchange.responseType)
		}
	}
	return nil
}

// rich returns a Deployment with fields of every wire type: maps, quantities, integers or strings, bytes, pointers.
func rich() *appsv1.Deployment {
	replicas, seconds, no := int32(0), int64(5), false
	surge := intstr.FromString("40%")
	unavailable := intstr.FromInt32(1)
	labels := map[string]string{"app": "rich", "tier": "front"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "rich", Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"rich", "poor"}},
			}},
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &seconds,
					AutomountServiceAccountToken:  &no,
					Containers: []corev1.Container{{
						Name: "web", Image: "docker.io/mini/quickstart:1",
						Env: []corev1.EnvVar{{Name: "NODE", ValueFrom: &corev1.EnvVarSource{
							FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "spec.nodeName"},
						}}},
						Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
							corev1.ResourceMemory: resource.MustParse("64Mi"), corev1.ResourceCPU: resource.MustParse("1500m"),
						}},
						ReadinessProbe: &corev1.Probe{
							ProbeHandler: corev1.ProbeHandler{
								HTTPGet: &corev1.HTTPGetAction{Path: "/cgi-bin/index.cgi", Port: intstr.FromInt32(8080)},
							},
							// DeepDerivative takes numbers as given, zero or not.
							TimeoutSeconds: 2, PeriodSeconds: 3, SuccessThreshold: 4, FailureThreshold: 5,
						},
					}},
					Tolerations: []corev1.Toleration{{Key: "spare", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds}},
				},
			},
		},
	}
}
