package ec2

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"labcheck/harness"
)

// unreachable says in which layer a connection to a node failed. from is the
// jump host that dialled; empty where that was this machine.
func unreachable(node, at, from string, err error) *harness.UnreachableError {
	var known *harness.UnreachableError
	if errors.As(err, &known) {
		return known // the way to it failed before
	}
	e := &harness.UnreachableError{Node: node, Service: at, Err: err}
	_, port, _ := net.SplitHostPort(at)
	var unknown *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Layer, e.What = harness.LayerPort, harness.Textf("the host answers, and nothing listens on that port", "ホストは応答するが、そのポートで何も待ち受けていない")
		e.Hint = harness.Textf("start what is to listen on port %s of %s; if it listens on another one, say so in the inventory",
			"%[2]s のポート %[1]s で待ち受けるはずのものを起動する。別のポートなら、インベントリに書く", port, node)
	case errors.As(err, &unknown):
		e.Layer, e.What = harness.LayerRoute, harness.Textf("nobody knows the name %s", "名前 %s を誰も知らない", unknown.Name)
		e.Hint = harness.Textf("mend the inventory's public or address", "インベントリの public または address を直す")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Layer, e.What = harness.LayerRoute, harness.Textf("there is no route to it, or nobody has the address", "経路がないか、そのアドレスを持つものがない")
		e.Hint = harness.Textf("see whether the instance runs, and whether its address is still the inventory's: labcheck inventory discover",
			"インスタンスが実行中か、アドレスがインベントリのとおりかを確かめる: labcheck inventory discover")
	case timedOut(err):
		e.Layer, e.What = harness.LayerFirewall, harness.Textf("no answer within %s: most likely the security group does not let TCP port %s in, or the instance does not run",
			"%s 以内に応答がない。おそらくセキュリティグループが TCP ポート %s を許していないか、インスタンスが実行中でない", dialTimeout, port)
		e.Hint = harness.Textf("let TCP port %s in from %s in the instance's security group", "インスタンスのセキュリティグループで、%[2]s からの TCP ポート %[1]s を許す", port, from)
		if from == "" {
			e.Hint = harness.Textf("let TCP port %s in from this machine in the instance's security group, or go through the manager: --ssh-jump manager",
				"インスタンスのセキュリティグループで、このマシンからの TCP ポート %s を許すか、マネージャを通る: --ssh-jump manager", port)
		}
	default:
		e.Layer, e.What = harness.LayerRoute, harness.Textf("%v", "%v", err)
	}
	return e
}

func timedOut(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &netErr) && netErr.Timeout()
}
