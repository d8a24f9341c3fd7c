// Command coredns is CoreDNS with the plugins alone that upstream's tests configure in the server that agnhost's image
// brings: hosts and log. All of its plugins would take ten times as long to compile.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/log"
)

func main() {
	dnsserver.Directives = []string{"log", "hosts"}
	coremain.Run()
}
