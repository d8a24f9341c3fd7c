// A program on client-go that tries one of its features against a cluster: `client-go-check FEATURE NAMESPACE`, with the
// cluster from KUBECONFIG. It ends with 0 when everything was as upstream's API server does it, else says what was not.
// Fed by client-go.test.ts, which compiles it and runs each feature in a namespace of its own.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// check is what each feature gets: a configuration whose requests are recorded, and a namespace of its own.
type check struct {
	config    *rest.Config
	namespace string
	requests  *recorder
}

var features = map[string]func(context.Context, check) error{
	"informer":        checkInformer,
	"leader-election": checkLeaderElection,
	"dynamic":         checkDynamicClient,
	"apply":           checkApply,
	"protobuf":        checkProtobuf,
	"pager":           checkPager,
	"remote-command":  checkRemoteCommand,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 || features[os.Args[1]] == nil {
		return fmt.Errorf("usage: client-go-check FEATURE NAMESPACE")
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return err
	}
	requests := &recorder{}
	config.Wrap(requests.wrap)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	return features[os.Args[1]](ctx, check{config, os.Args[2], requests})
}

// exchange is one request as it went over the wire, and the type of what came back.
type exchange struct {
	method, path, query       string
	requestType, responseType string
	code                      int
}

type recorder struct {
	mutex     sync.Mutex
	exchanges []exchange
}

type roundTripper func(*http.Request) (*http.Response, error)

func (function roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	return function(request)
}

func (recorder *recorder) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil {
			recorder.mutex.Lock()
			defer recorder.mutex.Unlock()
			recorder.exchanges = append(recorder.exchanges, exchange{
				request.Method, request.URL.Path, request.URL.RawQuery,
				request.Header.Get("Content-Type"), response.Header.Get("Content-Type"), response.StatusCode,
			})
		}
		return response, err
	})
}

// all returns what was sent so far.
func (recorder *recorder) all() []exchange {
	recorder.mutex.Lock()
	defer recorder.mutex.Unlock()
	return append([]exchange{}, recorder.exchanges...)
}
