package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

// The image is carried in mini's node image, and on the node before the first pod starts.
const startedPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","labels":{"app":"started"}},"spec":{"automountServiceAccountToken":false,` +
	`"terminationGracePeriodSeconds":1,"containers":[{"name":"main","image":"docker.io/mini/quickstart:1"}]}}`

// Creates -count pods at once on a real node and waits until all are Ready, removes them and waits until they are gone.
// Latencies from a pod's creation to the event that shows it Ready.
func pods() []Figures {
	all := connections()
	prepareNamespace(all[0])
	prefix := fmt.Sprintf("started-%d-", os.Getpid())
	ready, gone := watchStarted(prefix)
	sent := make([]time.Time, *count)
	started := time.Now()
	each(all, *count, func(client *http.Client, number int) {
		sent[number] = time.Now()
		object := fmt.Appendf(nil, startedPod, fmt.Sprint(prefix, number))
		send(client, http.MethodPost, namespace+"pods", object, jsonOnly)
	})
	var latencies []float64
	for range *count {
		latencies = append(latencies, milliseconds(time.Since(sent[<-ready])))
	}
	took := time.Since(started)
	deleted := time.Now()
	each(all, *count, func(client *http.Client, number int) {
		send(client, http.MethodDelete, fmt.Sprint(namespace, "pods/", prefix, number), nil, jsonOnly)
	})
	var removals []float64
	for range *count {
		<-gone
		removals = append(removals, milliseconds(time.Since(deleted)))
	}
	return []Figures{figures("create to Ready", latencies, took), figures("delete to gone", removals, time.Since(deleted))}
}

// Numbers of the pods with the prefix as they become Ready, and as they go.
func watchStarted(prefix string) (ready, gone <-chan int) {
	request, err := http.NewRequest(http.MethodGet, *server+namespace+"pods?watch=true&labelSelector=app%3Dstarted", nil)
	check(err)
	response, err := connect().Do(request)
	check(err)
	if response.StatusCode != http.StatusOK {
		fail(fmt.Errorf("watch: %s", response.Status))
	}
	readied, removed := make(chan int, *count), make(chan int, *count)
	go func() {
		seen := make(map[int]bool, *count)
		lines := bufio.NewReaderSize(response.Body, 1<<20)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				fail(fmt.Errorf("the watch ended: %w", err))
			}
			_, rest, found := bytes.Cut(line, []byte(`"name":"`+prefix))
			var number int
			if _, err := fmt.Sscanf(string(rest[:min(len(rest), 10)]), "%d", &number); !found || err != nil {
				continue
			}
			if bytes.HasPrefix(line, []byte(`{"type":"DELETED"`)) {
				removed <- number
			} else if !seen[number] && isReady(line) {
				seen[number] = true
				readied <- number
			}
		}
	}()
	return readied, removed
}

func isReady(line []byte) bool {
	var event struct {
		Object struct {
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	check(json.Unmarshal(line, &event))
	for _, condition := range event.Object.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True"
		}
	}
	return false
}
