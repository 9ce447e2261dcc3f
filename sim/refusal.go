package sim

import (
	"context"
	"slices"
	"strings"

	"labcheck/harness/lang"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
)

// EngineError reports that the engine that was chosen can't hold a lab. Nothing
// was made on it.
type EngineError struct {
	Why  lang.Text
	Hint lang.Text // what to do about it
	err  error     // what it comes from; may be nil
}

func (e *EngineError) Error() string { return e.Why.String() }

// In is the text in a language.
func (e *EngineError) In(l lang.Language) string { return e.Why.In(l) }

func (e *EngineError) Unwrap() error { return e.err }

// HintIn implements harness.Hinter.
func (e *EngineError) HintIn(l lang.Language) string { return e.Hint.In(l) }

// checkEngine returns an *EngineError if the engine can't hold a lab.
func (k *link) checkEngine(ctx context.Context) error {
	version, err := k.client.ServerVersion(ctx)
	if err != nil {
		return unreachable(k.endpoint, err)
	}
	// A Swarm that has no primary manager fails to answer more.
	if e := k.reasonToRefuse(version, system.Info{}); e != nil {
		return e
	}
	info, err := k.client.Info(ctx)
	if err != nil {
		return unreachable(k.endpoint, err)
	}
	if e := k.reasonToRefuse(version, info); e != nil {
		return e
	}
	return nil
}

// reasonToRefuse tells from what an engine says about itself why it can't hold a
// lab.
func (k *link) reasonToRefuse(v types.Version, info system.Info) *EngineError {
	at := k.describe()
	isPodman := slices.ContainsFunc(v.Components, func(c types.ComponentVersion) bool {
		return c.Name == "Podman Engine"
	})
	isRootless := slices.ContainsFunc(info.SecurityOptions, func(option string) bool {
		return strings.HasPrefix(option, "name=rootless")
	})
	switch {
	case strings.HasPrefix(v.Version, "swarm/"):
		return &EngineError{Why: lang.Textf("%s is a Swarm cluster (%s); a lab needs a single Docker engine", at, v.Version), Hint: k.hintToLeave()}
	case isPodman:
		return &EngineError{Why: lang.Textf("%s is Podman; a lab needs Docker Engine", at), Hint: k.hintToLeave()}
	case v.Os == "windows" || info.OSType == "windows":
		return &EngineError{Why: lang.Textf("%s runs Windows containers; a lab needs Linux containers", at), Hint: lang.Text{
			EN: "switch Docker to Linux containers, or name another context with --context",
		}}
	case isRootless:
		return &EngineError{Why: lang.Textf(
			"%s runs rootless; the hosts of a lab need SYS_ADMIN on the real machine", at), Hint: k.hintToLeave()}
	}
	return nil
}

// hintToLeave tells how to choose another engine.
func (k *link) hintToLeave() lang.Text {
	if k.source == client.EnvOverrideHost {
		return lang.Text{
			EN: "unset DOCKER_HOST, or name another context with --context",
		}
	}
	return lang.Text{
		EN: "name another context with --context (docker context ls), or set DOCKER_HOST",
	}
}
