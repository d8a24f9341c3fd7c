package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1apply "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func deploymentOf(namespace string, replicas int32, variables ...string) *appsv1apply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "applied"}
	container := corev1apply.Container().WithName("web").WithImage("docker.io/mini/quickstart:1")
	for _, name := range variables {
		container.WithEnv(corev1apply.EnvVar().WithName(name).WithValue("set"))
	}
	return appsv1apply.Deployment("applied", namespace).WithSpec(appsv1apply.DeploymentSpec().
		WithReplicas(replicas).
		WithSelector(metav1apply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(corev1apply.PodTemplateSpec().WithLabels(labels).
			WithSpec(corev1apply.PodSpec().WithContainers(container))))
}

// checkApply applies one Deployment as two managers: lists merge by key, what is no longer applied goes, and a field of
// another manager is a conflict unless forced.
func checkApply(ctx context.Context, check check) error {
	client, err := kubernetes.NewForConfig(check.config)
	if err != nil {
		return err
	}
	deployments := client.AppsV1().Deployments(check.namespace)
	first := metav1.ApplyOptions{FieldManager: "first"}
	second := metav1.ApplyOptions{FieldManager: "second"}
	if _, err := deployments.Apply(ctx, deploymentOf(check.namespace, 0, "A", "B"), first); err != nil {
		return err
	}
	extra := appsv1apply.Deployment("applied", check.namespace).WithSpec(appsv1apply.DeploymentSpec().
		WithTemplate(corev1apply.PodTemplateSpec().WithSpec(corev1apply.PodSpec().WithContainers(
			corev1apply.Container().WithName("web").WithEnv(corev1apply.EnvVar().WithName("C").WithValue("set"))))))
	if _, err := deployments.Apply(ctx, extra, second); err != nil {
		return err
	}
	applied, err := deployments.Apply(ctx, deploymentOf(check.namespace, 0, "B"), first)
	if err != nil {
		return err
	}
	if names := variablesOf(applied); names != "B C " {
		return fmt.Errorf("the variables after the second apply are %q", names)
	}

	taken := appsv1apply.Deployment("applied", check.namespace).WithSpec(appsv1apply.DeploymentSpec().WithReplicas(2))
	_, err = deployments.Apply(ctx, taken, second)
	if !apierrors.IsConflict(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("applying another manager's field: %v", err)
	}
	second.Force = true
	forced, err := deployments.Apply(ctx, taken, second)
	if err != nil {
		return err
	}
	// What the second no longer applies is gone: nobody else owns the variable.
	if *forced.Spec.Replicas != 2 || variablesOf(forced) != "B " {
		return fmt.Errorf("forced: %d replicas, variables %q", *forced.Spec.Replicas, variablesOf(forced))
	}
	extracted, err := appsv1apply.ExtractDeployment(forced, "second")
	if err != nil {
		return err
	}
	if extracted.Spec == nil || extracted.Spec.Replicas == nil || *extracted.Spec.Replicas != 2 || extracted.Spec.Template != nil {
		return fmt.Errorf("the second manager's own fields are %+v", extracted.Spec)
	}

	status := appsv1apply.Deployment("applied", check.namespace).WithStatus(appsv1apply.DeploymentStatus().WithConditions(
		appsv1apply.DeploymentCondition().WithType("Checked").WithStatus("True").WithReason("Test").WithMessage("seen")))
	withStatus, err := deployments.ApplyStatus(ctx, status, metav1.ApplyOptions{FieldManager: "status"})
	if err != nil {
		return err
	}
	for _, condition := range withStatus.Status.Conditions {
		if condition.Type == "Checked" && condition.Reason == "Test" {
			return nil
		}
	}
	return fmt.Errorf("the applied condition is missing: %v", withStatus.Status.Conditions)
}

func variablesOf(deployment *appsv1.Deployment) string {
	names := ""
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		names += variable.Name + " "
	}
	return names
}
