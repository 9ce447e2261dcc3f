package ec2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labcheck/harness/lang"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// AWS says where in AWS instances are looked for. Credentials, and what is empty
// here, are found the usual way: environment, ~/.aws, the instance's role.
type AWS struct {
	Region  string
	Profile string
	VPC     string   // its ID
	Tags    []string // KEY=VALUE, all of them
}

// lookTimeout is how long AWS may take to answer.
const lookTimeout = 10 * time.Second

// Discover fills an inventory's addresses with those of the instances whose Name
// tag is a node's name. What else the inventory says stays.
func Discover(ctx context.Context, a AWS, i Inventory) (Inventory, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	found, err := a.instances(ctx, i)
	if err != nil {
		return i, lang.Errorf("ask AWS for the instances: %w", err)
	}
	i.Nodes = slices.Clone(i.Nodes)
	var errs []error
	for k := range i.Nodes {
		errs = append(errs, i.Nodes[k].setAddresses(found[i.Nodes[k].Name]))
	}
	return i, errors.Join(errs...)
}

// instances returns the instances that have the name of a node, by that name.
func (a AWS) instances(ctx context.Context, i Inventory) (map[string][]types.Instance, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(a.Region), config.WithSharedConfigProfile(a.Profile))
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, lang.Errorf("no region is set; say it with --aws-region, AWS_REGION, or in ~/.aws/config")
	}
	// The pages are followed here: the SDK's paginator takes the client as an
	// interface, and then each of its 700 methods is linked (30 MB of the binary).
	client, in := ec2.NewFromConfig(cfg), &ec2.DescribeInstancesInput{Filters: a.makeFilters(i)}
	found := map[string][]types.Instance{}
	for {
		page, err := client.DescribeInstances(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Reservations {
			for _, one := range r.Instances {
				name := nameOf(one)
				found[name] = append(found[name], one)
			}
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			return found, nil
		}
	}
}

// Check returns an error for a tag that is not KEY=VALUE.
func (a AWS) Check() error {
	for _, t := range a.Tags {
		if key, _, ok := strings.Cut(t, "="); !ok || key == "" {
			return lang.Errorf("tag %q: KEY=VALUE is needed", t)
		}
	}
	return nil
}

func (a AWS) makeFilters(i Inventory) []types.Filter {
	var names []string
	for _, n := range i.Nodes {
		names = append(names, n.Name)
	}
	filters := []types.Filter{{Name: aws.String("tag:Name"), Values: names}}
	if a.VPC != "" {
		filters = append(filters, types.Filter{Name: aws.String("vpc-id"), Values: []string{a.VPC}})
	}
	for _, t := range a.Tags {
		key, value, _ := strings.Cut(t, "=")
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
	}
	return filters
}

func nameOf(i types.Instance) string {
	for _, t := range i.Tags {
		if aws.ToString(t.Key) == "Name" {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// setAddresses gives a node the addresses of the one running instance of its name. There
// must be exactly one.
func (n *Node) setAddresses(named []types.Instance) error {
	var running []types.Instance
	var all []string // ID, state, address
	for _, i := range named {
		state := types.InstanceStateName("unknown")
		if i.State != nil {
			state = i.State.Name
		}
		found := fmt.Sprintf("%s %s %s", aws.ToString(i.InstanceId), state, aws.ToString(i.PrivateIpAddress))
		all = append(all, strings.TrimSpace(found))
		if state == types.InstanceStateNameRunning {
			running = append(running, i)
		}
	}
	switch {
	case len(all) == 0:
		return lang.Errorf("no instance has the Name tag %s", n.Name)
	case len(running) != 1:
		return lang.Errorf("not exactly one running instance has the Name tag %s; these have it: %s",
			n.Name, strings.Join(all, ", "))
	}
	n.Address, n.Public = aws.ToString(running[0].PrivateIpAddress), aws.ToString(running[0].PublicIpAddress)
	if n.Address == "" {
		return lang.Errorf("instance %s, %s, has no private address", aws.ToString(running[0].InstanceId), n.Name)
	}
	return nil
}
