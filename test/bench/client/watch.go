package main

import (
	"bufio"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const watchersOfConnection = 100

// Writes one object again and again while -watchers listen to its namespace; a write waits until all have seen the one
// before. Figures from a write's request to its events, and (where an event is not there first) from its answer to them.
func watch() []Figures {
	writer := connect()
	space := []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"watched"}}`)
	send(writer, http.MethodPost, "/api/v1/namespaces", space, jsonOnly, http.StatusConflict)
	const collection = "/api/v1/namespaces/watched/configmaps"
	object := func(number int) []byte {
		const text = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"watched"},"data":{"number":"%d"}}`
		return fmt.Appendf(nil, text, number)
	}
	send(writer, http.MethodPost, collection, object(0), jsonOnly, http.StatusConflict)

	var events sync.WaitGroup
	arrivals := make([]time.Time, *watchers)
	events.Add(*watchers)
	var client *http.Client
	for index := range *watchers {
		if index%watchersOfConnection == 0 {
			client = connect()
		}
		// From the cache, so that no server has to ask its store first; the first event is the object as it is.
		request, err := http.NewRequest(http.MethodGet, *server+collection+"?watch=true&resourceVersion=0", nil)
		check(err)
		response, err := client.Do(request)
		check(err)
		if response.StatusCode != http.StatusOK {
			fail(fmt.Errorf("watch: %s", response.Status))
		}
		go func() {
			for lines := bufio.NewReader(response.Body); ; {
				if _, err := lines.ReadSlice('\n'); err != nil {
					return
				}
				arrivals[index] = time.Now()
				events.Done()
			}
		}()
	}
	events.Wait()
	var fromRequest, fromAnswer []float64
	started := time.Now()
	for number := range *count {
		events.Add(*watchers)
		sent := time.Now()
		send(writer, http.MethodPut, collection+"/watched", object(number+1), jsonOnly)
		answered := time.Now()
		events.Wait()
		for _, arrival := range arrivals {
			fromRequest = append(fromRequest, milliseconds(arrival.Sub(sent)))
			fromAnswer = append(fromAnswer, max(0, milliseconds(arrival.Sub(answered))))
		}
	}
	took := time.Since(started)
	return []Figures{figures("from request", fromRequest, took), figures("from answer", fromAnswer, took)}
}
