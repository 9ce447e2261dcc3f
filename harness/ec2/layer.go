package ec2

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"labcheck/harness"
	"labcheck/harness/lang"
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
		e.Layer, e.What = harness.LayerPort, lang.Textf("the host answers, and nothing listens on that port")
		e.Hint = lang.Textf(
			"start what is to listen on port %s of %s; if it listens on another one, say so in the inventory", port, node)
	case errors.As(err, &unknown):
		e.Layer, e.What = harness.LayerRoute, lang.Textf("nobody knows the name %s", unknown.Name)
		e.Hint = lang.Textf("fix public or address in the inventory")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Layer, e.What = harness.LayerRoute, lang.Textf("there is no route to it, or nobody has the address")
		e.Hint = lang.Text{
			EN: "see whether the instance runs, and whether its address is still the inventory's: labcheck inventory discover",
		}
	case timedOut(err):
		e.Layer, e.What = harness.LayerFirewall, lang.Textf(
			"no answer within %s: most likely the security group does not let TCP port %s in, or the instance does not run", dialTimeout, port)
		e.Hint = lang.Textf(
			"let TCP port %s in from %s in the instance's security group", port, from)
		if from == "" {
			e.Hint = lang.Textf(
				"let TCP port %s in from this machine in the instance's security group, or go through the manager: --ssh-jump manager", port)
		}
	default:
		e.Layer, e.What = harness.LayerRoute, lang.Textf("%v", err)
	}
	return e
}

// errUnasked reports that ssh would have asked a person.
var errUnasked = errors.New("ssh may not ask anybody")

// errnos are those that ssh reports of a connection that it, or a host's sshd, makes.
var errnos = []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ETIMEDOUT}

// errnoIn returns the error that OpenSSH's words are about; nil if they are about none.
func errnoIn(words string) error {
	words = strings.ToLower(words)
	for _, errno := range errnos {
		if strings.Contains(words, errno.Error()) {
			return errno
		}
	}
	return nil
}

// explain says why ssh is not logged in, by its words. err is why it was not waited
// for; nil if it ended.
func (h *sshHost) explain(words string, err error) error {
	r, _ := h.route() // it was found
	says := func(part string) bool { return strings.Contains(words, part) }
	switch {
	case says("Host key verification failed") && says("IDENTIFICATION HAS CHANGED"):
		return h.failure(lang.Textf("its host key is not the one that is known: %s", words),
			lang.Textf("only if you know why it changed: ssh-keygen -R '%s' && %s", r.keyName, h.command()), nil)
	case says("Host key verification failed"):
		return h.failure(lang.Textf("its host key is not known: %s", words),
			lang.Textf("compare the fingerprint that ssh shows with the instance's console output, and accept it: %s", h.command()), errUnasked)
	case says("Too many authentication failures"):
		return h.failure(lang.Textf("login refused: %s", words),
			lang.Textf("the agent has too many keys: set IdentitiesOnly yes and IdentityFile for the host in ~/.ssh/config"), nil)
	case says("Permission denied"):
		return h.failure(lang.Textf("login refused: %s", words), lang.Textf(
			"say the right user and key: --ssh-user, --ssh-key, or in the inventory; a key with a passphrase needs ssh-add or a terminal"), errUnasked)
	}
	return h.explainWay(r, words, err)
}

// explainWay says in which layer ssh failed on its way to sshd.
func (h *sshHost) explainWay(r route, words string, err error) error {
	if away := h.isAway(r.addr); away != nil {
		return away
	}
	says := func(part string) bool { return strings.Contains(words, part) }
	errno := errnoIn(words)
	hint := lang.Textf("see what happens: %s", h.command())
	switch {
	case says("banner exchange"):
		return h.failure(lang.Textf("something listens there and does not greet as sshd: %s", words), hint, nil)
	case says("Could not resolve hostname " + r.host):
		return unreachable(h.name, r.addr, "", &net.DNSError{Err: words, Name: r.host, IsNotFound: true})
	case errno != nil && says(" "+r.host+" "): // and not of a host before it
		return unreachable(h.name, r.addr, "", errno)
	case err != nil:
		return h.failure(lang.Textf("ssh is not logged in after %s: %s", loginTimeout, words), hint, err)
	}
	return h.failure(lang.Textf("ssh connection failed: %s", words), hint, nil)
}

// isAway returns why the jump host does not reach the host; nil if it does.
func (h *sshHost) isAway(addr string) error {
	if h.via == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(h.life, dialTimeout)
	defer cancel()
	conn, err := h.via.forward(ctx, addr)
	if err != nil {
		return unreachable(h.name, addr, h.via.name, err)
	}
	_ = conn.Close() // ssh has said what it wants
	return nil
}

// failure is an error of the ssh layer.
func (h *sshHost) failure(what, hint lang.Text, err error) error {
	return &harness.UnreachableError{Node: h.name, Service: h.at(), Layer: harness.LayerSSH, What: what, Hint: hint, Err: err}
}

func timedOut(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &netErr) && netErr.Timeout()
}
