package subnettest

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

// routePrefixes returns the destinations of this machine's routes, or none on
// systems other than Linux, which have no file of them.
func routePrefixes() ([]netip.Prefix, error) {
	table, err := os.ReadFile("/proc/net/route")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseRoutes(string(table))
}

// parseRoutes reads the kernel's table of routes: a line with headings, then a
// line for each route. The second field is the destination and the eighth the mask,
// both hexadecimal numbers in this machine's byte order.
func parseRoutes(table string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	_, rest, _ := strings.Cut(table, "\n")
	for line := range strings.Lines(rest) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			return nil, fmt.Errorf("route %q has %d fields, not 8", line, len(fields))
		}
		to, errTo := strconv.ParseUint(fields[1], 16, 32)
		mask, errMask := strconv.ParseUint(fields[7], 16, 32)
		if err := errors.Join(errTo, errMask); err != nil {
			return nil, fmt.Errorf("route %q: %w", line, err)
		}
		var addr [4]byte
		binary.NativeEndian.PutUint32(addr[:], uint32(to))
		all = append(all, netip.PrefixFrom(netip.AddrFrom4(addr), bits.OnesCount32(uint32(mask))))
	}
	return all, nil
}
