package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// RunSpec is what `docker run -d` is told. The zero value of a field leaves the
// option out.
type RunSpec struct {
	Image    string
	Args     []string // after the image
	Name     string
	Hostname string
	Restart  string // such as unless-stopped
	Ports    []Port
	Network  string
	Env      []string // KEY=VALUE; Swarm takes constraint:…, affinity:… here
	Labels   map[string]string
	// OnlyCreated leaves the container as `docker create` does: it is not started.
	OnlyCreated bool
}

// Run creates a container and starts it, as `docker run -d` does. Where it is
// created but can't be started, it stays, and the ID is returned with the
// error. It pulls nothing: the error is ErrNoImage where the image lacks.
func (c *Client) Run(ctx context.Context, spec RunSpec) (string, error) {
	config, host := spec.asConfig()
	made, err := c.api.ContainerCreate(ctx, config, host, &network.NetworkingConfig{}, nil, spec.Name)
	if errdefs.IsNotFound(err) {
		err = &kindError{ErrNoImage, err}
	}
	if err != nil {
		return "", failed(c, "create container of "+spec.Image, err)
	}
	if spec.OnlyCreated {
		return made.ID, nil
	}
	return made.ID, c.Start(ctx, made.ID)
}

func (s RunSpec) asConfig() (*container.Config, *container.HostConfig) {
	config := &container.Config{
		Image: s.Image, Cmd: s.Args,
		Hostname: s.Hostname, Env: s.Env, Labels: s.Labels,
		ExposedPorts: nat.PortSet{},
	}
	host := &container.HostConfig{
		NetworkMode:   container.NetworkMode(cmp.Or(s.Network, "default")), // as the CLI says it
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyMode(cmp.Or(s.Restart, "no"))},
		PortBindings:  nat.PortMap{},
	}
	for _, p := range s.Ports {
		proto := "tcp"
		if p.UDP {
			proto = "udp"
		}
		inside := nat.Port(fmt.Sprintf("%d/%s", p.Container, proto))
		config.ExposedPorts[inside] = struct{}{}
		host.PortBindings[inside] = append(host.PortBindings[inside], nat.PortBinding{HostPort: strconv.Itoa(int(p.Host))})
	}
	return config, host
}

// Start starts a container; one that runs already stays as it is.
func (c *Client) Start(ctx context.Context, id string) error {
	return failed(c, "start container "+id, c.api.ContainerStart(ctx, id, container.StartOptions{}))
}

// Stop stops a container, killing it after 10 s; one that is stopped stays so.
func (c *Client) Stop(ctx context.Context, id string) error {
	return failed(c, "stop container "+id, c.api.ContainerStop(ctx, id, container.StopOptions{}))
}

// Restart ends a container, killing it after 1 s, and starts it again.
func (c *Client) Restart(ctx context.Context, id string) error {
	second := 1
	err := c.api.ContainerRestart(ctx, id, container.StopOptions{Timeout: &second})
	return failed(c, "restart container "+id, err)
}

// SetRestart gives a container another restart policy, such as unless-stopped,
// as `docker update --restart` does.
func (c *Client) SetRestart(ctx context.Context, id, policy string) error {
	_, err := c.api.ContainerUpdate(ctx, id, container.UpdateConfig{
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyMode(policy)},
	})
	return failed(c, "update container "+id, err)
}

// Remove removes a container and its anonymous volumes, running or not.
func (c *Client) Remove(ctx context.Context, id string) error {
	err := c.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	return failed(c, "remove container "+id, err)
}

// HasImage tells whether the engine has an image; without a tag, latest.
func (c *Client) HasImage(ctx context.Context, ref string) (bool, error) {
	_, err := c.api.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, failed(c, "inspect image "+ref, err)
}

// Log returns the end of what a container wrote, to both its streams.
func (c *Client) Log(ctx context.Context, id string, lines int) (string, error) {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines)}
	stream, err := c.api.ContainerLogs(ctx, id, options)
	if err != nil {
		return "", failed(c, "log of container "+id, err)
	}
	defer stream.Close()
	var b bytes.Buffer
	_, err = stdcopy.StdCopy(&b, &b, stream)
	return strings.TrimSpace(b.String()), failed(c, "log of container "+id, err)
}

// Exec runs argv in a container, without a shell. Its contract is that of
// harness.Node's Exec; the result's node is the engine's.
func (c *Client) Exec(ctx context.Context, id string, argv ...string) (harness.Result, error) {
	r := harness.Result{Node: c.node.Name(), Argv: argv, Start: time.Now()}
	err := c.runExec(ctx, id, &r)
	r.Duration = time.Since(r.Start)
	if err != nil {
		return r, failed(c, "exec in container "+id, err)
	}
	return r, r.Err()
}

func (c *Client) runExec(ctx context.Context, id string, r *harness.Result) error {
	made, err := c.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: r.Argv, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return err
	}
	stream, err := c.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return err
	}
	defer stream.Close()
	// The stream was taken from HTTP and does not know ctx.
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	var stdout, stderr bytes.Buffer
	_, err = stdcopy.StdCopy(&stdout, &stderr, stream.Reader)
	r.Stdout, r.Stderr = stdout.String(), stderr.String()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	done, err := c.api.ContainerExecInspect(ctx, made.ID)
	r.ExitCode = done.ExitCode
	return err
}

// CopyImage loads an image that another engine has, as `docker save` and
// `docker load` do. Where that has none either the error is ErrNotFound.
func (c *Client) CopyImage(ctx context.Context, from *Client, ref string) error {
	content, err := from.api.ImageSave(ctx, []string{ref})
	if err != nil {
		return failed(from, "save image "+ref, err)
	}
	defer content.Close()
	answer, err := c.api.ImageLoad(ctx, content)
	if err != nil {
		return failed(c, "load image "+ref, err)
	}
	// That a load fails is told in the stream; what counts is that the image is there.
	said, err := io.ReadAll(answer.Body)
	_, missing := c.api.ImageInspect(ctx, ref)
	if err = errors.Join(err, answer.Body.Close(), missing); err != nil {
		err = lang.Errorf("%w (the engine said %q)", err, said)
	}
	return failed(c, "load image "+ref, err)
}

// Pull has the engine pull an image; without a tag, latest, as `docker run`
// does.
func (c *Client) Pull(ctx context.Context, ref string) error {
	progress, err := c.api.ImagePull(ctx, ref, image.PullOptions{})
	if err == nil {
		err = errors.Join(readPullProgress(progress), progress.Close())
	}
	return failed(c, "pull "+ref, err)
}

// readPullProgress reads an image's progress to its end, which may be an error.
func readPullProgress(progress io.Reader) error {
	for lines := json.NewDecoder(progress); ; {
		var line struct{ Error string }
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}
