package diagnose

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// script asks a host for all of a probe at once; each section follows a line
// that names it. Its arguments are the dialler, and the dialler's.
const script = `echo '== link'; ip -o link
echo '== addr'; ip -o -4 addr
echo '== rule'; iptables-save | awk '/^[*]/ { table = $1 == "*filter" ? "" : "-t " substr($1, 2) " " }
	/-j (DROP|REJECT)/ { print table $0 }'
echo '== forward'; cat /proc/sys/net/ipv4/ip_forward
echo '== disk'; df -P -k /var/lib/docker /var/lib/docker/*/
echo '== engine'; grep -h -s -A 2 '^Name:.dockerd$' /proc/[0-9]*/status
echo '== neighbour'; ip neigh show nud permanent
for n in /var/run/docker/netns/*; do nsenter --net="$n" ip neigh show nud permanent; done
echo '== forward to'; bridge fdb show
for n in /var/run/docker/netns/*; do nsenter --net="$n" bridge fdb show; done
echo '== silent'; perl -e "$@"`

// dialler says which addresses do not answer within a second: TCP those that
// take no connection, UDP those that send nothing back. Its arguments are the
// datagram in hexadecimal, and then tcp ADDR PORT or udp ADDR PORT, each. One
// process does it all: a shell would start hundreds on a cluster.
const dialler = `use Socket; use Fcntl;
my $datagram = pack("H*", shift);
my %waits;
while (my ($proto, $addr, $port) = splice(@ARGV, 0, 3)) {
	my $udp = $proto eq "udp";
	socket(my $s, PF_INET, $udp ? SOCK_DGRAM : SOCK_STREAM, 0) or die "socket: $!";
	fcntl($s, F_SETFL, O_NONBLOCK);
	connect($s, pack_sockaddr_in($port, inet_aton($addr)));
	send($s, $datagram, 0) if $udp;
	$waits{fileno $s} = [$s, $udp, "$proto $addr $port"];
}
for (my ($found, $left) = (1, 1); $found && %waits;) {
	my ($read, $write) = ("", "");
	vec($waits{$_}[1] ? $read : $write, $_, 1) = 1 for keys %waits;
	($found, $left) = select($read, $write, undef, $left);
	last if $found <= 0;
	for my $fd (grep { vec($read, $_, 1) || vec($write, $_, 1) } keys %waits) {
		my ($s, $udp, $what) = @{delete $waits{$fd}};
		my $ok = $udp ? defined recv($s, my $answer, 1500, 0) : !unpack("i", getsockopt($s, SOL_SOCKET, SO_ERROR));
		print "no answer from $what\n" unless $ok;
	}
}
print "no answer from $_->[2]\n" for values %waits;`

// probeTime is how long a host's probe may take; what it dials has a second.
const probeTime = 1500 * time.Millisecond

// ask runs the script on a host.
func (f *facts) ask(ctx context.Context, h harness.Host) probe {
	ctx, cancel := context.WithTimeout(ctx, f.within(probeTime))
	defer cancel()
	ping, err := engine.GossipPing()
	if err != nil {
		return probe{err: err}
	}
	argv := []string{"sh", "-c", script, "probe", dialler, hex.EncodeToString(ping)}
	for _, d := range dials(f.cluster.Topology(), h) {
		argv = append(argv, strings.Fields(d)...)
	}
	r, err := f.cluster.Node(h.Name).Exec(ctx, argv...)
	if err != nil && r.Stdout == "" {
		return probe{err: err}
	}
	p := parseProbe(r.Stdout)
	p.partial = ctx.Err() != nil
	return p
}
