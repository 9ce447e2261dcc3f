package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/ec2"
)

const inventoryName = "inventory"

func (a *app) inventoryCommand() *cobra.Command {
	c := &cobra.Command{Use: inventoryName, Short: a.lang.Say("Write and check the file that says where the nodes of --target ec2 are")}
	sub := func(use, short string, args cobra.PositionalArgs, do func(*cobra.Command, []string) error) {
		c.AddCommand(&cobra.Command{Use: use, Short: short, Args: usage(args), RunE: do})
	}
	sub("example", a.lang.Say("Print an inventory that shows all there is to say"), cobra.NoArgs, func(*cobra.Command, []string) error {
		_, err := a.out.Write(ec2.Example)
		return err
	})
	sub("schema", a.lang.Say("Print the JSON Schema of inventories"), cobra.NoArgs, func(*cobra.Command, []string) error {
		_, err := a.out.Write(ec2.Schema)
		return err
	})
	sub("validate FILE", a.lang.Say("Say whether an inventory can be used, and what is taken from where"), cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
		return a.validate(args[0])
	})
	sub("discover", a.lang.Say("Ask AWS where the nodes are, and print that as an inventory"), cobra.NoArgs, func(cmd *cobra.Command, _ []string) error {
		return a.discover(cmd.Context())
	})
	return c
}

// discover prints an inventory with the addresses that AWS says now.
func (a *app) discover(ctx context.Context) error {
	ctx, cancel := harness.WithTotal(ctx, a.timeout, errTimeout{a.timeout})
	defer cancel()
	a.real.fromAWS = true
	i, err := a.readInventory(ctx)
	if err != nil {
		return err
	}
	return i.Write(a.out)
}

func (a *app) validate(file string) error {
	i, err := ec2.ReadFile(file)
	if err != nil {
		return &usageError{err, "labcheck inventory example"}
	}
	t := i.Topology()
	if a.json {
		a.printJSON(t)
		return nil
	}
	fmt.Fprintln(a.out, a.lang.Say("%s can be used: %s and %d members, network %s.",
		file, t.Manager.Name, len(t.Members), t.Network))
	fmt.Fprintln(a.out, a.sizesFrom(t))
	return nil
}
