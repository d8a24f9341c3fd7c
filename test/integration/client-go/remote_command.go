package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	watchtools "k8s.io/client-go/tools/watch"
	utilexec "k8s.io/client-go/util/exec"
)

// checkRemoteCommand runs a command in a pod over WebSocket and over SPDY: input, both outputs and the exit code arrive.
func checkRemoteCommand(ctx context.Context, check check) error {
	client, err := kubernetes.NewForConfig(check.config)
	if err != nil {
		return err
	}
	now := int64(0)
	pod, err := client.CoreV1().Pods(check.namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "shell"},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: &now,
			Containers:                    []corev1.Container{{Name: "c", Image: "docker.io/mini/quickstart:1"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := untilRunning(ctx, client, pod); err != nil {
		return err
	}
	request := client.CoreV1().RESTClient().Post().Namespace(check.namespace).Resource("pods").Name("shell").
		SubResource("exec").VersionedParams(&corev1.PodExecOptions{
		Command: []string{"sh", "-c", "cat; echo problem >&2; exit 7"}, Stdin: true, Stdout: true, Stderr: true,
	}, scheme.ParameterCodec)
	// The recorder hides the connection that both executors take over.
	config := rest.CopyConfig(check.config)
	config.WrapTransport = nil
	webSocket, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
	if err != nil {
		return err
	}
	spdy, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, request.URL())
	if err != nil {
		return err
	}
	input := strings.Repeat("0123456789abcdef", 64*1024)
	for protocol, executor := range map[string]remotecommand.Executor{"WebSocket": webSocket, "SPDY": spdy} {
		var stdout, stderr bytes.Buffer
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{
			Stdin: strings.NewReader(input), Stdout: &stdout, Stderr: &stderr,
		})
		var exit utilexec.ExitError
		if !errors.As(err, &exit) || exit.ExitStatus() != 7 {
			return fmt.Errorf("over %s the command ended with %v", protocol, err)
		}
		if stdout.String() != input || stderr.String() != "problem\n" {
			return fmt.Errorf("over %s came %d bytes of output and %q", protocol, stdout.Len(), stderr.String())
		}
	}
	return nil
}

func untilRunning(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) error {
	watcher := podWatcher{client, pod}
	_, err := watchtools.Until(ctx, pod.ResourceVersion, watcher, func(event watch.Event) (bool, error) {
		got, ok := event.Object.(*corev1.Pod)
		return ok && got.Status.Phase == corev1.PodRunning, nil
	})
	return err
}

type podWatcher struct {
	client kubernetes.Interface
	pod    *corev1.Pod
}

func (watcher podWatcher) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.FieldSelector = "metadata.name=" + watcher.pod.Name
	return watcher.client.CoreV1().Pods(watcher.pod.Namespace).Watch(ctx, options)
}

func (watcher podWatcher) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return watcher.WatchWithContext(context.Background(), options)
}
