package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"labcheck/harness/ec2"
	"labcheck/harness/report"
)

const inventoryName = "inventory"

func newInventoryCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     inventoryName,
		Example: "  labcheck inventory example > cluster.yaml\n  labcheck inventory validate cluster.yaml",
		Short:   a.lang.Say("Write and check the file that says where the nodes of --target ec2 are"),
	}
	add := func(use, short string, args cobra.PositionalArgs, do func(context.Context, []string) error) {
		run := func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args) }
		c.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, RunE: run})
	}
	add("example", a.lang.Say("Print an inventory that shows all there is to say"), nil, func(context.Context, []string) error {
		return printInventory(a, ec2.Example)
	})
	add("schema", a.lang.Say("Print the JSON Schema of inventories"), nil, func(context.Context, []string) error {
		_, err := a.out.Write(ec2.Schema)
		return err
	})
	add("validate FILE", a.lang.Say("Check an inventory, and show where each value comes from"), cobra.ExactArgs(1),
		func(_ context.Context, args []string) error { return validateInventory(a, args[0]) })
	add("discover", a.lang.Say("Ask AWS where the nodes are, and print that as an inventory"), nil,
		func(ctx context.Context, _ []string) error { return discoverNodes(ctx, a) })
	return c
}

// discoverNodes prints an inventory with the addresses that AWS says now.
func discoverNodes(ctx context.Context, a *app) error {
	ctx, cancel := a.withTimeout(ctx)
	defer cancel()
	a.real.fromAWS = true
	i, err := a.readInventory(ctx)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := i.Write(&text); err != nil {
		return err
	}
	return printInventory(a, text.Bytes())
}

// printInventory prints an inventory as YAML, or with --json as JSON.
func printInventory(a *app, text []byte) error {
	if !a.json {
		_, err := a.out.Write(text)
		return err
	}
	compact, err := yaml.YAMLToJSON(text)
	if err == nil {
		a.printJSON(json.RawMessage(compact))
	}
	return err
}

func validateInventory(a *app, file string) error {
	i, err := ec2.ReadFile(file)
	if err != nil {
		return usageError(err, "labcheck inventory example")
	}
	t := i.Topology()
	if a.printJSON(t) {
		return nil
	}
	fmt.Fprintln(a.out, a.lang.Say("%s can be used: %s and %s, network %s.",
		file, t.Manager.Name, a.lang.Count(len(t.Members), "%d member", "%d members"), t.Network))
	fmt.Fprintln(a.out, a.lang.Say("expected sizes: %s", report.Sizes(a.lang, t)))
	return nil
}
