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

// errUnasked reports that ssh would have asked a person.
var errUnasked = errors.New("ssh may not ask anybody")

// errWordless reports that ssh ended without a word: at LogLevel ERROR it does not tell
// that it and sshd have no algorithm in common, or who closed the connection.
var errWordless = errors.New("ssh ended without a word")

// explain says why ssh is not logged in, by its words. err is why it was not waited
// for; nil if it ended.
func (h *sshHost) explain(words string, err error) error {
	r, _ := h.route() // it was found
	says := func(part string) bool { return strings.Contains(words, part) }
	switch {
	case says("Host key verification failed") && says("IDENTIFICATION HAS CHANGED"):
		return h.sshError(lang.Textf("its host key is not the one that is known: %s", words),
			lang.Textf("only if you know why it changed: ssh-keygen -R '%s' && %s", r.keyName, h.command()), nil)
	case says("Host key verification failed"):
		return h.sshError(lang.Textf("its host key is not known: %s", words),
			lang.Textf("compare the fingerprint that ssh shows with the instance's console output, and accept it: %s", h.command()), errUnasked)
	case says("Too many authentication failures"):
		return h.sshError(lang.Textf("login refused: %s", words),
			lang.Textf("the agent has too many keys: set IdentitiesOnly yes and IdentityFile for the host in ~/.ssh/config"), nil)
	case says("Permission denied"):
		return h.sshError(lang.Textf("login refused: %s", words), lang.Textf(
			"say the right user and key: --ssh-user, --ssh-key, or in the inventory; a key with a passphrase needs ssh-add or a terminal"), errUnasked)
	}
	return h.explainWay(r, words, err)
}

// explainWay says in which layer ssh failed on its way to sshd.
func (h *sshHost) explainWay(r route, words string, err error) error {
	if away := h.checkJumpHost(r.addr); away != nil {
		return away
	}
	says := func(part string) bool { return strings.Contains(words, part) }
	errno := harness.ErrnoIn(words)
	hint := lang.Textf("see what happens: %s", h.command())
	switch {
	case says("banner exchange"):
		return h.sshError(lang.Textf("something listens there and does not greet as sshd: %s", words), hint, nil)
	case says("Could not resolve hostname " + r.host):
		return unreachableError(h.name, r.addr, "", &net.DNSError{Err: words, Name: r.host, IsNotFound: true})
	case errno != 0 && says(" "+r.host+" "): // and not of a host before it
		return unreachableError(h.name, r.addr, "", errno)
	case err != nil:
		return h.sshError(lang.Textf("ssh is not logged in after %s: %s", loginTimeout, words), hint, err)
	case words == "":
		return h.sshError(lang.Textf("ssh ended without a word"), hint, errWordless)
	}
	return h.sshError(lang.Textf("ssh connection failed: %s", words), hint, nil)
}

// checkJumpHost returns why the jump host does not reach the host; nil if it does.
func (h *sshHost) checkJumpHost(addr string) error {
	if h.via == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(h.life, dialTimeout)
	defer cancel()
	conn, err := h.via.forward(ctx, addr)
	if err != nil {
		return unreachableError(h.name, addr, h.via.name, err)
	}
	_ = conn.Close() // ssh has said what it wants
	return nil
}

// sshError returns an error of the ssh layer.
func (h *sshHost) sshError(what, hint lang.Text, err error) error {
	return &harness.UnreachableError{Node: h.name, Service: h.at(), Layer: harness.LayerSSH, What: what, Hint: hint, Err: err}
}

func timedOut(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &netErr) && netErr.Timeout()
}
