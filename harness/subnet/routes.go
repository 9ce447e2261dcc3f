package subnet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Route is a route of this machine.
type Route struct {
	To        netip.Prefix
	Interface string // "*" if packets are dropped
}

// defaultBits is the length up to which a route is a default route: a VPN that takes
// all traffic has two with one bit.
const defaultBits = 1

// Routes returns this machine's IPv4 routes without default routes, or none on systems
// other than Linux, which have no file of them.
func Routes() ([]Route, error) {
	table, err := os.ReadFile("/proc/net/route")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list this machine's routes: %w", err)
	}
	return parseRoutes(string(table))
}

// parseRoutes reads the kernel's table of routes: a line with headings, then a
// line for each route. The first field is the interface, the second the destination
// and the eighth the mask, both hexadecimal numbers in this machine's byte order.
func parseRoutes(table string) ([]Route, error) {
	var all []Route
	_, rest, _ := strings.Cut(table, "\n")
	for line := range strings.Lines(rest) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			return nil, fmt.Errorf("route %q has %d fields, want 8", line, len(fields))
		}
		to, errTo := strconv.ParseUint(fields[1], 16, 32)
		mask, errMask := strconv.ParseUint(fields[7], 16, 32)
		if err := errors.Join(errTo, errMask); err != nil {
			return nil, fmt.Errorf("route %q: %w", line, err)
		}
		var addr [4]byte
		binary.NativeEndian.PutUint32(addr[:], uint32(to))
		if length := bits.OnesCount32(uint32(mask)); length > defaultBits {
			all = append(all, Route{netip.PrefixFrom(netip.AddrFrom4(addr), length), fields[0]})
		}
	}
	return all, nil
}
