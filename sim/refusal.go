package sim

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"

	"labcheck/harness"
)

// EngineError reports that the engine that was chosen can't hold a lab. Nothing
// was made on it.
type EngineError struct {
	Why  harness.Text
	Hint harness.Text // what to do about it
	err  error        // what it comes from; may be nil
}

func (e *EngineError) Error() string { return e.Why.EN }

// In is the text in a language.
func (e *EngineError) In(l harness.Lang) string { return e.Why.In(l) }

func (e *EngineError) Unwrap() error { return e.err }

// commandLine is a hint that is the same in every language.
func commandLine(command string) harness.Text { return harness.Text{EN: command, JA: command} }

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
		return &EngineError{Why: harness.Textf("%s is a Swarm cluster (%s); a lab needs a single Docker engine",
			"%s は Swarm クラスタ(%s)である。ラボには単独の Docker Engine が必要である", at, v.Version), Hint: k.hintToLeave()}
	case isPodman:
		return &EngineError{Why: harness.Textf("%s is Podman; a lab needs Docker Engine",
			"%s は Podman である。ラボには Docker Engine が必要である", at), Hint: k.hintToLeave()}
	case v.Os == "windows" || info.OSType == "windows":
		return &EngineError{Why: harness.Textf("%s runs Windows containers; a lab needs Linux containers",
			"%s は Windows コンテナを動かす。ラボには Linux コンテナが必要である", at), Hint: harness.Text{
			EN: "switch Docker to Linux containers, or name another context with --context",
			JA: "Docker を Linux コンテナに切り替えるか、--context で別のコンテキストを指定する",
		}}
	case isRootless:
		return &EngineError{Why: harness.Textf(
			"%s runs rootless; the hosts of a lab need SYS_ADMIN on the real machine",
			"%s は rootless で動いている。ラボのホストには実マシンの SYS_ADMIN が必要である", at), Hint: k.hintToLeave()}
	}
	return nil
}

// hintToLeave tells how to choose another engine.
func (k *link) hintToLeave() harness.Text {
	if k.source == client.EnvOverrideHost {
		return harness.Text{
			EN: "unset DOCKER_HOST, or name another context with --context",
			JA: "unset DOCKER_HOST。または --context で別のコンテキストを指定する",
		}
	}
	return harness.Text{
		EN: "name another context with --context (docker context ls), or set DOCKER_HOST",
		JA: "--context で別のコンテキストを指定する(docker context ls)。または DOCKER_HOST を設定する",
	}
}
