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
func newEnginesCommand(a *app) *cobra.Command {
	var o engines.Options
	var addr string
	c := &cobra.Command{
		Use: "engines", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.Addr, err = netip.ParseAddr(addr); err != nil {
				return usageError(lang.Errorf("--addr: %w", err), "labcheck engines --help")
			}
			return engines.Run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1", a.lang.Say("address on which they listen"))
	f.IntVar(&o.First, "first", 1, a.lang.Say("number of the first one"))
	f.IntVar(&o.Count, "count", 1, a.lang.Say("how many there are"))
	f.DurationVar(&o.Delay, "create-time", 0, a.lang.Say("how long creating and starting a container takes"))
	f.StringVar(&o.Consul, "consul", "", a.lang.Say("`HOST:PORT` of Consul"))
	f.DurationVar(&o.TTL, "ttl", time.Minute, a.lang.Say("how long a registration lasts"))
	return c
}
