package sim

import (
	"context"
	"os"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
)

// checkEngine returns an error with a hint if the engine can't hold a lab.
func (k *link) checkEngine(ctx context.Context) error {
	version, err := k.client.ServerVersion(ctx)
	if isVersion := errdefs.IsInvalidArgument(err); isVersion && os.Getenv(client.EnvOverrideAPIVersion) != "" {
		return harness.WrongVariable(client.EnvOverrideAPIVersion, err)
	}
	if err != nil {
		return unreachableError(k.endpoint, err)
	}
	// A Swarm that has no primary manager fails to answer more.
	if err := k.refuseEngine(version, system.Info{}); err != nil {
		return err
	}
	if err := k.readInfo(ctx); err != nil {
		return err
	}
	return k.refuseEngine(version, k.info)
}

// refuseEngine returns an error with a hint if the version and the info of the engine show
// that it can't hold a lab.
func (k *link) refuseEngine(v types.Version, info system.Info) error {
	at := k.describe()
	hint := lang.Text{EN: "name another context with --context (docker context ls), or set DOCKER_HOST"}
	switch k.source {
	case client.EnvOverrideHost:
		hint = lang.Text{EN: "unset DOCKER_HOST, or name another context with --context"}
	case engineFlag:
		hint = lang.Text{EN: "name another engine with --engine"}
	}
	isPodman := slices.ContainsFunc(v.Components, func(c types.ComponentVersion) bool {
		return c.Name == "Podman Engine"
	})
	isRootless := slices.ContainsFunc(info.SecurityOptions, func(option string) bool {
		return strings.HasPrefix(option, "name=rootless")
	})
	var why error
	switch {
	case strings.HasPrefix(v.Version, "swarm/"):
		why = lang.Errorf("%s is a Swarm cluster (%s); a lab needs a single Docker engine", at, v.Version)
	case isPodman:
		why = lang.Errorf("%s is Podman; a lab needs Docker Engine", at)
	case v.Os == "windows" || info.OSType == "windows":
		why = lang.Errorf("%s runs Windows containers; a lab needs Linux containers", at)
		hint = lang.Text{EN: "switch Docker to Linux containers, or name another context with --context"}
	case isRootless:
		why = lang.Errorf("%s runs rootless; the hosts of a lab need SYS_ADMIN on the real machine", at)
	default:
		return nil
	}
	return harness.WithHint(why, hint)
}
