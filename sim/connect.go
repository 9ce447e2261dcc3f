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
	info   system.Info // of when it was connected to
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
	if k == nil && err == nil {
		k, err = openLink(ctx, e)
	}
	return checkReached(ctx, k, err)
}

// connectEngine reaches the engine that a value of --engine names and makes sure that it
// can hold a lab.
func connectEngine(ctx context.Context, value string) (*link, error) {
	e, err := findEngine(value, os.Getenv)
	if err != nil {
		return nil, err
	}
	k, err := openLink(ctx, e)
	return checkReached(ctx, k, err)
}

// checkReached returns the link to an engine that was reached, or failed to be, if the
// engine can hold a lab.
func checkReached(ctx context.Context, k *link, err error) (*link, error) {
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
	if s.getenv(EnvEngine) != "" {
		behind.source = EnvEngine
	}
	k, err := openLink(ctx, behind)
	if err != nil {
		return nil, err
	}
	holds, err := k.holdsLab(ctx, addr)
	if holds {
		return k, nil
	}
	return nil, errors.Join(cmp.Or(err, strayAddress(e, behind)), k.Close())
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
	limit = harness.Limit(ctx, limit)
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	options, err := k.clientOptions()
	if err == nil {
		k.client, err = client.NewClientWithOpts(options...)
	}
	if err != nil {
		return errors.Join(unreachableError(k.endpoint, err), k.Close())
	}
	ping, err := k.client.Ping(asking)
	if err == nil {
		// Left to the first request, it would be a race with a second one beside.
		k.client.NegotiateAPIVersionPing(ping)
		return nil
	}
	err = noAnswer(ctx, limit, err)
	if k.ssh != nil {
		err = k.ssh.explainFailure(err)
	}
	return errors.Join(unreachableError(k.endpoint, err), k.Close())
}

// noAnswer returns the error of a request. It says so in words if there was no answer
// within a limit, and the command has not ended.
func noAnswer(ctx context.Context, limit time.Duration, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return lang.Errorf("no answer within %s", limit)
	}
	return err
}

// clientOptions returns what makes a client of the engine.
func (k *link) clientOptions() ([]client.Opt, error) {
	if k.ssh != nil {
		return endpointAt(k.ssh.URL()).clientOptions()
	}
	return k.endpoint.clientOptions()
}

func unreachableError(e endpoint, err error) error {
	return lang.Errorf("%w at %s: %w", ErrEngine, e.describe(), err)
}

// strayAddress reports that DOCKER_HOST names an address that no lab has.
func strayAddress(e, behind endpoint) error {
	return harness.WithHint(
		lang.Errorf("DOCKER_HOST=%s is an address for labs, and no lab on %s has it", e.Host, behind.describe()),
		lang.Verbatim("unset DOCKER_HOST"),
	)
}

// CheckSettings returns a *harness.SettingError if no engine can be what the options and
// the environment name.
func CheckSettings(o Options) error {
	if len(o.Engines) == 0 {
		_, err := processSelection(o.Context).findEndpoint()
		return err
	}
	for _, value := range o.Engines {
		if _, err := findEngine(value, os.Getenv); err != nil {
			return err
		}
	}
	return nil
}

// processSelection returns the selection of this process.
func processSelection(context string) selection {
	return selection{context: context, getenv: os.Getenv}
}
