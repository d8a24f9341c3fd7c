package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const simulatedNode = `{"apiVersion":"v1","kind":"Node","metadata":{"name":"simulated-%d","labels":{"kubernetes.io/hostname":"simulated-%d","topology.kubernetes.io/zone":"zone-%d"}},` +
	`"status":{"capacity":{"cpu":"32","memory":"64Gi","pods":"110"},"allocatable":{"cpu":"32","memory":"64Gi","pods":"110"},` +
	`"conditions":[{"type":"Ready","status":"True","reason":"Simulated"}]}}`

var constraints = map[string]string{
	"none": ``,
	"affinity": `"affinity":{"podAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":` +
		`{"topologyKey":"topology.kubernetes.io/zone","labelSelector":{"matchLabels":{"app":"scheduled"}}}}]},` +
		`"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":` +
		`[{"key":"topology.kubernetes.io/zone","operator":"In","values":["zone-0","zone-1"]}]}]}}},`,
	"spread": `"topologySpreadConstraints":[{"maxSkew":5,"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"DoNotSchedule",` +
		`"labelSelector":{"matchLabels":{"app":"scheduled"}}}],`,
}

const scheduledPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"scheduled-%s-%d","labels":{"app":"scheduled"}},"spec":{"automountServiceAccountToken":false,%s` +
	`"containers":[{"name":"main","image":"registry.example/app:1","resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}`

// Simulates -nodes nodes, creates -count pods and waits until all are bound. The latency of a pod is from its creation's
// request to the event that shows it bound.
func schedule() []Figures {
	all := connections()
	prepareNamespace(all[0])
	each(all, *nodes, func(client *http.Client, number int) { simulateNode(client, number) })
	names := make(map[string]int, *count)
	for number := range *count {
		names[fmt.Sprintf("scheduled-%s-%d", *constraint, number)] = number
	}
	sent := make([]time.Time, *count)
	bound := watchBound(names)
	started := time.Now()
	go each(all, *count, func(client *http.Client, number int) {
		sent[number] = time.Now()
		object := fmt.Appendf(nil, scheduledPod, *constraint, number, constraints[*constraint])
		send(client, http.MethodPost, namespace+"pods", object, jsonOnly)
	})
	latencies := make([]float64, 0, *count)
	for range *count {
		number := <-bound
		latencies = append(latencies, milliseconds(time.Since(sent[number])))
	}
	took := time.Since(started)
	each(all, *count, func(client *http.Client, number int) {
		path := fmt.Sprintf("%spods/scheduled-%s-%d?gracePeriodSeconds=0", namespace, *constraint, number)
		send(client, http.MethodDelete, path, nil, jsonOnly)
	})
	return []Figures{figures("bound", latencies, took)}
}

// Without the taint that admission gives a new node, since no controller would take it away.
func simulateNode(client *http.Client, number int) {
	object := fmt.Appendf(nil, simulatedNode, number, number, number%3)
	send(client, http.MethodPost, "/api/v1/nodes", object, jsonOnly, http.StatusConflict)
	path := fmt.Sprintf("/api/v1/nodes/simulated-%d", number)
	send(client, http.MethodPatch, path, []byte(`{"spec":{"taints":null}}`), jsonOnly)
	send(client, http.MethodPatch, path+"/status", object, jsonOnly)
}

// Numbers of the named pods as they are bound. A server under load may end a watch; as a reflector does, it is then
// begun anew, with the state as its first events.
func watchBound(names map[string]int) <-chan int {
	client := connect()
	bound := make(chan int, len(names))
	open := func() *bufio.Reader {
		path := namespace + "pods?watch=true&resourceVersion=0&fieldSelector=spec.nodeName%21%3D"
		request, err := http.NewRequest(http.MethodGet, *server+path, nil)
		check(err)
		response, err := client.Do(request)
		check(err)
		if response.StatusCode != http.StatusOK {
			fail(fmt.Errorf("watch: %s", response.Status))
		}
		return bufio.NewReaderSize(response.Body, 1<<20)
	}
	lines := open()
	go func() {
		seen := make(map[int]bool, len(names))
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				lines = open()
				continue
			}
			_, rest, _ := bytes.Cut(line, []byte(`"name":"`))
			name, _, _ := strings.Cut(string(rest[:min(len(rest), 80)]), `"`)
			if number, ours := names[name]; ours && !seen[number] {
				seen[number] = true
				bound <- number
			}
		}
	}()
	return bound
}

// Calls work for 0 up to count, shared among the connections.
func each(connections []*http.Client, count int, work func(client *http.Client, number int)) {
	numbers := make(chan int)
	var done sync.WaitGroup
	for _, client := range connections {
		done.Add(1)
		go func() {
			defer done.Done()
			for number := range numbers {
				work(client, number)
			}
		}()
	}
	for number := range count {
		numbers <- number
	}
	close(numbers)
	done.Wait()
}
