package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

const namespace = "/api/v1/namespaces/default/"

// What an update and a patch change; of fixed length, so that it can be replaced in the encoded object.
const marker = "mark-00000000"

var (
	filler    = strings.Repeat("x", 1024)
	configMap = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","labels":{"bench":"` + marker + `"}},"data":{"value":"` + filler + `"}}`
	// Names a scheduler that nobody runs: the pod stays as it is.
	pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","labels":{"app":"web","bench":"` + marker + `","hundredth":"%d"}},` +
		`"spec":{"schedulerName":"none","automountServiceAccountToken":false,"containers":[{"name":"main","image":"registry.example/app:1",` +
		`"env":[{"name":"A","value":"b"}],"ports":[{"containerPort":8080}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}`
)

func body(name string, number int) []byte {
	if *resource == "pods" {
		return fmt.Appendf(nil, pod, name, number%100)
	}
	return fmt.Appendf(nil, configMap, name)
}

func marked(object []byte, number int) []byte {
	return bytes.Replace(object, []byte(marker), fmt.Appendf(nil, "mark-%08d", number), 1)
}

// The account that admission asks for; on the servers under test no controller makes it.
func prepareNamespace(client *http.Client) {
	account := []byte(`{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}}`)
	send(client, http.MethodPost, namespace+"serviceaccounts", account, jsonOnly, http.StatusConflict)
}

func connections() []*http.Client {
	all := make([]*http.Client, *clients)
	for index := range all {
		all[index] = connect()
		send(all[index], http.MethodGet, "/version", nil, jsonOnly)
	}
	return all
}

// Creates, reads, updates, patches and deletes objects, each client its own, one step after the other.
func requests() []Figures {
	all := connections()
	prepareNamespace(all[0])
	collection := namespace + *resource
	created := make([][][]byte, *clients)
	paths := make([][]string, *clients)
	steps := []Figures{repeat("create", all, func(client, number int) bool {
		name := fmt.Sprintf("bench-%d-%d-%d", os.Getpid(), client, number)
		answer := send(all[client], http.MethodPost, collection, body(name, number), jsonOnly)
		created[client] = append(created[client], answer)
		paths[client] = append(paths[client], collection+"/"+name)
		return true
	})}
	for client := range created {
		for index, object := range created[client] {
			created[client][index] = withoutRevision(object)
		}
	}
	own := func(client, number int) int { return number % len(paths[client]) }
	steps = append(steps,
		repeat("get", all, func(client, number int) bool {
			send(all[client], http.MethodGet, paths[client][own(client, number)], nil, jsonOnly)
			return true
		}),
		repeat("update", all, func(client, number int) bool {
			index := own(client, number)
			send(all[client], http.MethodPut, paths[client][index], marked(created[client][index], number+1), jsonOnly)
			return true
		}),
		repeat("patch", all, func(client, number int) bool {
			change := fmt.Appendf(nil, `{"metadata":{"labels":{"bench":"patch-%d"}}}`, number)
			send(all[client], http.MethodPatch, paths[client][own(client, number)], change, jsonOnly)
			return true
		}),
		repeat("delete", all, func(client, number int) bool {
			if number >= len(paths[client]) {
				return false
			}
			send(all[client], http.MethodDelete, paths[client][number]+"?gracePeriodSeconds=0", nil, jsonOnly)
			return true
		}))
	send(all[0], http.MethodDelete, collection, nil, jsonOnly)
	return steps
}

// An update without a revision is unconditional.
func withoutRevision(object []byte) []byte {
	var decoded map[string]any
	check(json.Unmarshal(object, &decoded))
	metadata := decoded["metadata"].(map[string]any)
	delete(metadata, "resourceVersion")
	delete(metadata, "managedFields")
	encoded, err := json.Marshal(decoded)
	check(err)
	return encoded
}

// Brings the number of stored pods to -count.
func fill() []Figures {
	*resource = "pods"
	all := connections()
	prepareNamespace(all[0])
	var present struct{ Items []struct{} }
	check(json.Unmarshal(send(all[0], http.MethodGet, namespace+"pods", nil, jsonOnly), &present))
	var numbers = make(chan int)
	var done sync.WaitGroup
	for _, client := range all {
		done.Add(1)
		go func() {
			defer done.Done()
			for number := range numbers {
				send(client, http.MethodPost, namespace+"pods", body(fmt.Sprintf("filled-%d", number), number), jsonOnly)
			}
		}()
	}
	for number := len(present.Items); number < *count; number++ {
		numbers <- number
	}
	close(numbers)
	done.Wait()
	return []Figures{}
}

// Lists -count pods in the forms that clients ask for.
func list() []Figures {
	fill()
	client := connect()
	const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	forms := []struct{ step, query, accept string }{
		{"JSON", "", jsonOnly},
		{"JSON, from cache", "?resourceVersion=0", jsonOnly},
		{"Table", "", table},
		{"selector, 1 %", "?labelSelector=hundredth%3D7", jsonOnly},
		{"pages of 500", "?limit=500", jsonOnly},
	}
	var steps []Figures
	for _, form := range forms {
		size := 0
		step := repeat(form.step, []*http.Client{client}, func(_, _ int) bool {
			size = listPages(client, namespace+"pods"+form.query, form.accept)
			return true
		})
		step.Bytes = size
		steps = append(steps, step)
	}
	return steps
}

func listPages(client *http.Client, path, accept string) int {
	size := 0
	for token := ""; ; {
		page := send(client, http.MethodGet, path+token, nil, accept)
		size += len(page)
		// The list's metadata stands in front of or behind its items; a token has no quote in it.
		const key = `"continue":"`
		for _, part := range [][]byte{page[:min(len(page), 500)], page[max(0, len(page)-500):]} {
			if index := bytes.Index(part, []byte(key)); index >= 0 {
				rest := part[index+len(key):]
				if end := bytes.IndexByte(rest, '"'); end > 0 {
					token = "&continue=" + string(rest[:end])
					goto next
				}
			}
		}
		return size
	next:
	}
}
