// The benchmark's client: one process beside the server, speaking upstream's protocol (JSON over HTTP/2 and TLS), the
// same for both sides. `client -server URL -pki FOLDER WORKLOAD [flags]` prints one JSON document with its figures.
// Only the standard library, so that it costs the server's processor as little as a client can.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

// Figures of one measured step; latencies in milliseconds.
type Figures struct {
	Step    string  `json:"step"`
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	// Of a list: bytes of one answer.
	Bytes int `json:"bytes,omitempty"`
}

var (
	server     = flag.String("server", "", "https://host:port")
	pki        = flag.String("pki", "", "folder with ca.crt, admin.crt and admin.key")
	clients    = flag.Int("clients", 16, "clients at a time, each with a connection of its own")
	seconds    = flag.Float64("seconds", 2, "how long each step of requests runs")
	resource   = flag.String("resource", "configmaps", "configmaps or pods")
	count      = flag.Int("count", 1000, "fill, list: pods; watch: writes; schedule, pods: pods")
	watchers   = flag.Int("watchers", 1, "watch: watchers at a time")
	nodes      = flag.Int("nodes", 500, "schedule: simulated nodes")
	constraint = flag.String("constraint", "none", "schedule: none, affinity or spread")
	gzip       = flag.Bool("gzip", false, "list: accept compressed answers, as client-go does")
)

func main() {
	flag.Parse()
	workloads := map[string]func() []Figures{
		"requests": requests, "fill": fill, "list": list, "watch": watch, "schedule": schedule, "pods": pods,
	}
	work, known := workloads[flag.Arg(0)]
	if !known {
		fail(fmt.Errorf("unknown workload %q", flag.Arg(0)))
	}
	check(json.NewEncoder(os.Stdout).Encode(work()))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "client:", err)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

// A connection of its own, authenticated as a member of system:masters.
func connect() *http.Client {
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(*pki, name))
		check(err)
		return content
	}
	certificate, err := tls.X509KeyPair(read("admin.crt"), read("admin.key"))
	check(err)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(read("ca.crt"))
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{certificate}},
		ForceAttemptHTTP2:  true,
		DisableCompression: !*gzip,
	}}
}

// Sends a request and reads the whole answer; any status but 2xx, or those allowed, ends the program.
func send(client *http.Client, method, path string, body []byte, accept string, allowed ...int) []byte {
	request, err := http.NewRequest(method, *server+path, bytes.NewReader(body))
	check(err)
	request.Header.Set("Accept", accept)
	if body != nil {
		request.Header.Set("Content-Type", contentType(method))
	}
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode/100 != 2 {
		for _, code := range allowed {
			if code == response.StatusCode {
				return content
			}
		}
		fail(fmt.Errorf("%s %s: %s: %.300s", method, path, response.Status, content))
	}
	return content
}

func contentType(method string) string {
	if method == http.MethodPatch {
		return "application/merge-patch+json"
	}
	return "application/json"
}

const jsonOnly = "application/json"

// Calls work from all clients until the time is over or it says that nothing is left.
func repeat(step string, connections []*http.Client, work func(client, number int) bool) Figures {
	var lock sync.Mutex
	var latencies []float64
	var all sync.WaitGroup
	started := time.Now()
	limit := time.Duration(*seconds * float64(time.Second))
	for client := range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			var own []float64
			for number := 0; time.Since(started) < limit; number++ {
				before := time.Now()
				if !work(client, number) {
					break
				}
				own = append(own, milliseconds(time.Since(before)))
			}
			lock.Lock()
			latencies = append(latencies, own...)
			lock.Unlock()
		}()
	}
	all.Wait()
	return figures(step, latencies, time.Since(started))
}

func milliseconds(duration time.Duration) float64 { return float64(duration.Microseconds()) / 1000 }

func figures(step string, latencies []float64, took time.Duration) Figures {
	sort.Float64s(latencies)
	at := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[min(len(latencies)-1, int(float64(len(latencies))*share))]
	}
	return Figures{Step: step, Count: len(latencies), Seconds: took.Seconds(), P50: at(0.5), P99: at(0.99)}
}
