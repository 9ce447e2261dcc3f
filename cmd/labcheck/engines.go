package main

import (
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness/lang"
	"labcheck/sim/engines"
)

// newEnginesCommand makes a hidden command, which scale runs on hosts of its lab: it
// simulates engines until a signal ends it.
func newEnginesCommand(*app) *cobra.Command {
	var o engines.Options
	var addr string
	c := &cobra.Command{
		Use: "engines", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.Addr, err = netip.ParseAddr(addr); err != nil {
				return &usageError{lang.Errorf("--addr: %w", err), "labcheck engines --help"}
			}
			return engines.Run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1", "address on which they listen")
	f.IntVar(&o.First, "first", 1, "number of the first one")
	f.IntVar(&o.Count, "count", 1, "how many")
	f.DurationVar(&o.Delay, "create-time", 0, "how long creating and starting a container takes")
	f.StringVar(&o.Consul, "consul", "", "HOST:PORT of Consul")
	f.DurationVar(&o.TTL, "ttl", time.Minute, "how long a registration lasts")
	return c
}
