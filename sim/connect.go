package sim

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// link is a connection to an engine.
type link struct {
	endpoint
	client *client.Client
	info   system.Info // see readInfo
	ssh    *sshForward // nil unless the engine is reached by ssh
	shared bool        // another link closes ssh
	// warning is what a person must know of how the engine was reached; may be nil.
	warning error
}

// Close ends the connection.
func (k *link) Close() error {
	var err error
	if k.client != nil {
		err = k.client.Close()
	}
	if k.ssh != nil && !k.shared {
		err = errors.Join(err, k.ssh.Close())
	}
	return err
}

// connect reaches the engine that the docker CLI would use and makes sure that
// it can hold a lab. If DOCKER_HOST names an address of a lab, as it does after
// `eval "$(labcheck env)"`, it reaches the engine that holds this lab.
func connect(ctx context.Context, s selection, asked netip.Prefix) (*link, error) {
	e, err := s.findEndpoint()
	if err != nil {
		return nil, err
	}
	k, err := connectBehind(ctx, s, e, asked)
	if k != nil || err != nil {
		return k, err
	}
	return connectTo(ctx, e)
}

// connectEngine reaches the engine that a value of --engine names and makes sure that it
// can hold a lab.
func connectEngine(ctx context.Context, value string) (*link, error) {
	e, err := findEngine(value, os.Getenv)
	if err != nil {
		return nil, err
	}
	return connectTo(ctx, e)
}

// connectTo reaches the engine of an endpoint and makes sure that it can hold a lab.
func connectTo(ctx context.Context, e endpoint) (*link, error) {
	k, err := openLink(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := k.checkEngine(ctx); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// connectBehind reaches the engine that holds the lab of which e is an address.
// It returns nil if e can't be a lab's, and an error, without dialing it, if e
// is an address of the topology that no lab has: it may be anybody's.
func connectBehind(ctx context.Context, s selection, e endpoint, asked netip.Prefix) (*link, error) {
	addr, ok := e.ipAddr()
	if !ok || e.source != client.EnvOverrideHost {
		return nil, nil
	}
	reserved := harness.Tutorial().Subnet.Contains(addr) || asked.IsValid() && asked.Contains(addr)
	if !reserved && !isOnEngineBridge(addr) {
		return nil, nil
	}
	k, err := reachHolder(ctx, s, e, addr)
	if err != nil && !reserved {
		return nil, nil // an engine in a container, perhaps
	}
	return k, err
}

// reachHolder reaches the engine that would be used if DOCKER_HOST were not set,
// if a lab on it has the address that e names.
func reachHolder(ctx context.Context, s selection, e endpoint, addr netip.Addr) (*link, error) {
	behind, err := s.withoutHost().findEndpoint()
	if err != nil {
		return nil, err
	}
	k, err := connectTo(ctx, behind)
	if err != nil {
		return nil, err
	}
	holds, err := k.holdsLab(ctx, addr)
	if holds {
		return k, nil
	}
	stray := harness.WithHint(
		lang.Errorf("DOCKER_HOST=%s is an address for labs, and no lab on %s has it", e.Host, behind.describe()),
		lang.Verbatim("unset DOCKER_HOST"),
	)
	return nil, errors.Join(cmp.Or(err, stray), k.Close())
}

// holdsLab reports whether a lab on the engine has an address.
func (k *link) holdsLab(ctx context.Context, addr netip.Addr) (bool, error) {
	labs, err := k.client.NetworkList(ctx, network.ListOptions{Filters: labelFilter(LabelLab)})
	return slices.ContainsFunc(labs, func(n network.Inspect) bool {
		return hasOverlap(n, netip.PrefixFrom(addr, addr.BitLen()))
	}), err
}

// openLink connects to an engine that answers, through the installed ssh if its address
// wants it.
func openLink(ctx context.Context, e endpoint) (*link, error) {
	k := &link{endpoint: e}
	if !strings.HasPrefix(e.Host, "ssh://") {
		return k, k.awaitAnswer(ctx, connectTimeout)
	}
	if _, err := exec.LookPath("ssh"); err != nil {
		return nil, harness.WithHint(
			lang.Errorf("%s needs ssh, which is not installed here", e.describe()),
			lang.Verbatim("apt-get install openssh-client"),
		)
	}
	ctx, cancel := harness.WithLimit(ctx, sshTimeout)
	defer cancel()
	var err error
	if k.ssh, err = openSSH(ctx, e.Host); err != nil {
		return nil, unreachableError(e, err)
	}
	if err := k.awaitAnswer(ctx, sshTimeout); err != nil {
		return k, err
	}
	k.warning = k.ssh.acceptedKey()
	return k, nil
}

// openAgain makes another connection to the same engine, which ends before k
// does.
func (k *link) openAgain(ctx context.Context) (*link, error) {
	anew := &link{endpoint: k.endpoint, ssh: k.ssh, shared: true}
	return anew, anew.awaitAnswer(ctx, connectTimeout)
}

// awaitAnswer makes the client and waits for the engine's first answer. If there is
// none it closes the link.
func (k *link) awaitAnswer(ctx context.Context, limit time.Duration) error {
	listens := k.endpoint
	if k.ssh != nil {
		listens = endpointAt(k.ssh.URL())
	}
	var err error
	if k.client, err = listens.newClient(); err != nil {
		return errors.Join(unreachableError(k.endpoint, err), k.Close())
	}
	ping, err := k.ping(ctx, limit)
	if err != nil {
		return errors.Join(err, k.Close())
	}
	// Left to the first request, it would be a race with a second one beside.
	k.client.NegotiateAPIVersionPing(ping)
	return nil
}

// ping returns the engine's answer, or an error that names the engine if there is none
// within a limit.
func (k *link) ping(ctx context.Context, limit time.Duration) (types.Ping, error) {
	limit = harness.Limit(ctx, limit)
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ping, err := k.client.Ping(asking)
	if err == nil {
		return ping, nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = lang.Errorf("no answer within %s", limit)
	}
	if k.ssh != nil {
		err = k.ssh.explainFailure(err)
	}
	return ping, unreachableError(k.endpoint, err)
}

// readInfo asks the engine what it is.
func (k *link) readInfo(ctx context.Context) (err error) {
	if k.info, err = k.client.Info(ctx); err != nil {
		return unreachableError(k.endpoint, err)
	}
	return nil
}

func unreachableError(e endpoint, err error) error {
	return lang.Errorf("%w at %s: %w", ErrEngine, e.describe(), err)
}

// CheckSettings returns a *harness.SettingError if no engine can be what the options and
// the environment name.
func CheckSettings(o Options) error {
	if len(o.Engines) == 0 {
		_, err := newSelection(o.Context, os.Getenv).findEndpoint()
		return err
	}
	for _, value := range o.Engines {
		if _, err := findEngine(value, os.Getenv); err != nil {
			return err
		}
	}
	return nil
}
