//go:build lab

package main

import (
	"testing"
)

// as is how a command line says as whom to log in.
func as(user string, args ...string) []string {
	return append([]string{"--ssh-user", user, "--ssh-key", "DIR/key"}, args...)
}

// diagnoseCases are those of somebody who wants to know why.
func diagnoseCases() []realCase {
	on := func(node, breaks, mends string) func(*testing.T, *realLab) func() {
		return func(t *testing.T, r *realLab) func() {
			r.sh(t, node, breaks)
			return func() { r.sh(t, node, mends) }
		}
	}
	rule := func(node, rule string) func(*testing.T, *realLab) func() {
		return on(node, "iptables -I INPUT "+rule, "iptables -D INPUT "+rule)
	}
	const (
		well      = "✓ every engine knows every other by gossip"
		fromHere  = "-p tcp -s NET.1 --dport 2375 -j DROP"
		datagrams = "-p udp --dport 7946 -j DROP"
		noShell   = "not asked: manager, frontend01, frontend02, worker01, store: what only the host itself can tell: "
	)
	joinStopped := on("worker01", "docker stop $(docker ps -q --filter ancestor=swarm)", "docker start $(docker ps -aq --filter ancestor=swarm)")
	return []realCase{
		{name: "diagnose, through the manager", args: through("key", "diagnose"), code: exitHolds, says: []string{well}, silent: []string{"not asked"}},
		{name: "diagnose, as a user with sudo", args: as("ops", "diagnose"), code: exitHolds, says: []string{well}, silent: []string{"not asked"}},
		{name: "diagnose, as a user without", args: as("guest", "diagnose"), code: exitUnreachable, says: []string{well, "not asked: manager, frontend01, frontend02, worker01, store: its packet filter", "for whom sudo needs no password"}},
		{name: "diagnose, no login", args: []string{"diagnose"}, code: exitUnreachable, says: []string{well, noShell, "nothing says as whom to log in"}},
		{name: "diagnose, wrong key", args: through("wrong", "diagnose"), code: exitUnreachable, says: []string{"login refused: root@"}},
		{name: "diagnose by packets", args: []string{"diagnose", "--packets"}, code: exitUsage, says: []string{"--allow=workload"}},
		{
			name: "diagnose a join container", args: []string{"diagnose"}, breaks: joinStopped, code: exitFalse,
			says: []string{"the join container on worker01 does not run", "docker -H=tcp://NET.200:2375 start "},
		},
		{
			name: "check a join container", args: []string{"check", "--tags", "@id:join-container"}, breaks: joinStopped, code: exitFalse,
			says: []string{"the join container on worker01 does not run", "docker -H=tcp://NET.200:2375 start "},
		},
		{
			name: "watch a join container", args: []string{"watch", "--interval", "1s", "--rounds", "2"}, breaks: joinStopped, code: exitFalse,
			says: []string{" ! cause: the join container on worker01 does not run (join-stopped); try: docker -H=tcp://NET.200:2375 start "},
		},
		{
			name: "diagnose a security group", args: []string{"diagnose"}, breaks: rule("worker01", fromHere), code: exitFalse,
			says: []string{"worker01 can't be reached at NET.200:2375: no answer within 4s", "--ssh-jump manager", noShell}, silent: []string{"the join container", "is down"},
		},
		{name: "diagnose it through the manager", args: through("key", "diagnose"), breaks: rule("worker01", fromHere), code: exitHolds, says: []string{well}},
		{
			name: "diagnose it on the host", args: as("ops", "diagnose"), breaks: rule("worker01", fromHere), code: exitFalse,
			says: []string{"the packet filter of worker01 stops traffic on port 2375", "iptables -D INPUT -s NET.1/32 "},
		},
		{
			name: "diagnose lost datagrams", args: as("ops", "diagnose"), breaks: rule("frontend02", datagrams), code: exitFalse,
			says: []string{"the packet filter of frontend02 stops traffic on port 7946", "iptables -D INPUT -p udp "},
		},
		{
			name: "diagnose them as a user without sudo", args: as("guest", "diagnose"), breaks: rule("frontend02", datagrams), code: exitFalse,
			says: []string{"no other host reaches the engine of frontend02 by UDP 7946", "store: its packet filter"},
		},
		{
			name: "diagnose a stopped engine", args: as("ops", "diagnose"), code: exitFalse,
			breaks: on("store", "pkill -STOP -x dockerd", "pkill -CONT -x dockerd"),
			says:   []string{"the engine of store is stopped: it accepts connections but does not answer", "pkill -CONT -x dockerd"},
		},
		{
			name: "diagnose it with no login", args: []string{"diagnose"}, code: exitFalse,
			breaks: on("store", "pkill -STOP -x dockerd", "pkill -CONT -x dockerd"),
			says:   []string{"the engine of store accepts connections but does not answer", "systemctl restart docker"},
		},
		{
			name: "diagnose swapped addresses", args: []string{"diagnose", "--inventory", "DIR/swapped.yaml"}, breaks: inventory("swapped.yaml", "NET.20}", "NET.21}"), code: exitFalse,
			says: []string{"the engine there is that of frontend02", "fix the address of frontend01 in the inventory"},
		},
		{
			name: "diagnose a wrong token", args: []string{"diagnose"}, env: [2]string{"CONSUL_HTTP_TOKEN", "5a6f6f2e-0000-4000-8000-000000000000"}, code: exitFalse,
			says: []string{"Consul does not take the token", "CONSUL_HTTP_TOKEN"}, silent: []string{"restart"},
		},
	}
}
