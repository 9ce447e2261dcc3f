package sim

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Listed is a lab that an engine has, as far as its objects tell.
type Listed struct {
	Name string `json:"name"`
	// Subnet is not valid if the lab has no network any more.
	Subnet netip.Prefix `json:"subnet"`
	Made   time.Time    `json:"made"`
	Hosts  int          `json:"hosts"`
	// Running is how many of the hosts run. The others are off or paused.
	Running int `json:"running"`
}

// List returns the labs on the engines that the options choose, in the order of their
// names. Of a lab on several machines it counts the hosts on these engines.
func List(ctx context.Context, o Options) (all []Listed, err error) {
	machines, _, err := o.connectChosen(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeMachines(machines)) }()
	return listLabs(ctx, machines...)
}

func listLabs(ctx context.Context, machines ...*machine) ([]Listed, error) {
	var found objectList
	for _, m := range machines {
		more, err := listObjects(ctx, m.client, objectFilter{labels: labelFilter(LabelLab)})
		if err != nil {
			return nil, err
		}
		found.add(more)
	}
	labs := map[string]*Listed{}
	lab := func(labels map[string]string, made time.Time) *Listed {
		if labels[labelProbe] != "" {
			return &Listed{} // doctor's; it removes it
		}
		name := labels[LabelLab]
		if labs[name] == nil {
			labs[name] = &Listed{Name: name, Made: made}
		}
		if l := labs[name]; made.Before(l.Made) {
			l.Made = made
		}
		return labs[name]
	}
	for _, n := range found.networks {
		l := lab(n.Labels, n.Created)
		if subnets := subnetsOf(n.IPAM); len(subnets) > 0 {
			l.Subnet = subnets[0]
		}
	}
	for _, c := range found.containers {
		l := lab(c.Labels, time.Unix(c.Created, 0))
		l.Hosts++
		if stateOf(c) == stateRunning {
			l.Running++
		}
	}
	for _, v := range found.volumes {
		made, _ := time.Parse(time.RFC3339, v.CreatedAt)
		lab(v.Labels, made)
	}
	all := []Listed{}
	for _, name := range slices.Sorted(maps.Keys(labs)) {
		all = append(all, *labs[name])
	}
	return all, nil
}
