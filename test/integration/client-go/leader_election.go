package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// checkLeaderElection lets two candidates contend for one Lease: the second leads as soon as the first has released it.
func checkLeaderElection(ctx context.Context, check check) error {
	client, err := kubernetes.NewForConfig(check.config)
	if err != nil {
		return err
	}
	leases, err := client.CoordinationV1().Leases(check.namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=leader"})
	if err != nil {
		return err
	}
	defer leases.Stop()
	leaders := make(chan string, 10)
	contend := func(ctx context.Context, identity string) (<-chan struct{}, error) {
		lock, err := resourcelock.New(resourcelock.LeasesResourceLock, check.namespace, "leader",
			client.CoreV1(), client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
		if err != nil {
			return nil, err
		}
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock:            lock,
			LeaseDuration:   time.Minute,
			RenewDeadline:   10 * time.Second,
			RetryPeriod:     500 * time.Millisecond,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leaders <- identity },
				OnStoppedLeading: func() {},
			},
		})
		if err != nil {
			return nil, err
		}
		done := make(chan struct{})
		go func() { defer close(done); elector.Run(ctx) }()
		return done, nil
	}

	firstContext, retire := context.WithCancel(ctx)
	defer retire()
	firstDone, err := contend(firstContext, "first")
	if err != nil {
		return err
	}
	if err := expectEvents(ctx, leaders, "first"); err != nil {
		return err
	}
	secondContext, end := context.WithCancel(ctx)
	defer end()
	secondDone, err := contend(secondContext, "second")
	if err != nil {
		return err
	}
	// Between two renewals, for one that is under way would make the release a conflict. The Lease is long: without a
	// release the second candidate would not lead within the time of this check.
	for event := range leases.ResultChan() {
		if event.Type == watch.Modified {
			break
		}
	}
	retire()
	<-firstDone
	if err := expectEvents(ctx, leaders, "second"); err != nil {
		return err
	}
	lease, err := client.CoordinationV1().Leases(check.namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if holder := lease.Spec.HolderIdentity; holder == nil || *holder != "second" {
		return fmt.Errorf("the Lease's holder is not the second candidate: %v", lease.Spec)
	}
	if lease.Spec.RenewTime == nil || lease.Spec.AcquireTime == nil || lease.Spec.RenewTime.Before(lease.Spec.AcquireTime) {
		return fmt.Errorf("the Lease's times are wrong: %v", lease.Spec)
	}
	end()
	<-secondDone
	return nil
}
