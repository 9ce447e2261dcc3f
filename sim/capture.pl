# capture INTERFACE SNAPSHOT FILTER REJECT: writes the packets of a network interface of
# this host to stdout, as a pcap file with times in nanoseconds. FILTER and REJECT are
# programs of the kernel's packet filter in hexadecimal digits: the one chooses the
# packets, and SNAPSHOT is the number of bytes that it keeps of each; the other refuses
# all. It ends when something arrives on stdin, or stdin ends: that an exec session is
# gone shows by nothing else. Its last line on stderr is "lost COUNT", of the packets for
# which there was no room. Exit code 3: there is no such interface, and stderr has the
# names of those that there are.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR ENETDOWN);
use IO::Handle;
use Socket;

# What perl-base's Socket does not name: linux/if_packet.h, asm-generic/socket.h,
# asm-generic/sockios.h.
use constant {
	AF_PACKET => 17, ETH_P_ALL => 3, SOL_PACKET => 263, PACKET_STATISTICS => 6, PACKET_OUTGOING => 4,
	SO_ATTACH_FILTER => 26, SO_RCVBUFFORCE => 33, SIOCGSTAMPNS => 0x8907, MSG_DONTWAIT => 0x40,
	ETHERNET => 1, LOOPBACK => 772,
};
use constant {
	ROOM => 8 << 20, # bytes of packets that wait in the kernel, and here
	PASS => 256,     # packets that are received before the output has its turn
};

my ($name, $snapshot, $filter, $reject) = @ARGV;
my $folder = "/sys/class/net/$name";
unless ($name =~ m{^[^/]+$} && -e "$folder/ifindex") {
	print STDERR join(' ', sort map { m{([^/]+)$} } glob '/sys/class/net/*'), "\n";
	exit 3;
}
my $type = read_number("$folder/type");
die "$name is not an Ethernet interface\n" unless $type == ETHERNET || $type == LOOPBACK;

# The filter is there before the socket is bound: no other packet gets in.
socket(my $packets, AF_PACKET, SOCK_RAW, 0) or die "socket: $!\n";
set_filter($filter);
setsockopt($packets, SOL_SOCKET, SO_RCVBUFFORCE, pack('i', ROOM)); # else there is less room
my $stamp = "\0" x 16;
ioctl($packets, SIOCGSTAMPNS, $stamp); # has the kernel note times from now on
bind($packets, pack('SniSCCa8', AF_PACKET, ETH_P_ALL, read_number("$folder/ifindex"), 0, 0, 0, '')) or die "bind: $!\n";

$SIG{PIPE} = 'IGNORE';
STDOUT->blocking(0);
my $out = pack('VvvVVVV', 0xa1b23c4d, 2, 4, 0, 0, $snapshot, 1); # 1: Ethernet
my $open = 1;
while ($open || length $out) {
	my ($readable, $writable) = ('', '');
	vec($readable, fileno(STDIN), 1) = $open;
	vec($readable, fileno($packets), 1) = $open && length $out < ROOM;
	vec($writable, fileno(STDOUT), 1) = length $out > 0;
	select($readable, $writable, undef, undef) >= 0 or next;
	if (vec($readable, fileno(STDIN), 1)) {
		set_filter($reject); # what waits is the rest
		1 while receive();
		$open = 0;
	} elsif (vec($readable, fileno($packets), 1)) {
		receive();
	}
	send_some() if vec($writable, fileno(STDOUT), 1);
}
my ($all, $lost) = unpack('II', getsockopt($packets, SOL_PACKET, PACKET_STATISTICS) || pack('II', 0, 0));
print STDERR "lost $lost\n";

# read_number reads a file of the kernel's that has a number.
sub read_number {
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	return 0 + <$in>;
}

# set_filter has the kernel take only the packets that a program accepts.
sub set_filter {
	my $program = pack('H*', $_[0]);
	setsockopt($packets, SOL_SOCKET, SO_ATTACH_FILTER, pack('Sx![P]P', length($program) / 8, $program)) or die "filter: $!\n";
}

# receive adds packets that wait to the output. False: none is left.
sub receive {
	for (1 .. PASS) {
		my $from = recv($packets, my $data, $snapshot, MSG_DONTWAIT);
		unless (defined $from) {
			next if $! == EINTR || $! == ENETDOWN; # the interface may come up again
			return 0 if $! == EAGAIN;
			die "receive: $!\n";
		}
		my $direction = (unpack('SniSC', $from))[4];
		next if $type == LOOPBACK && $direction == PACKET_OUTGOING; # it comes in, too
		ioctl($packets, SIOCGSTAMPNS, $stamp) or die "time: $!\n";
		$out .= pack('VVVV', unpack('l!l!', $stamp), length $data, length $data) . $data;
	}
	return 1;
}

# send_some writes as much of the output as there is room for. It ends the program if
# nobody reads it any more.
sub send_some {
	my $sent = syswrite(STDOUT, $out);
	if (defined $sent) {
		substr($out, 0, $sent) = '';
	} elsif ($! != EAGAIN && $! != EINTR) {
		exit 1;
	}
}
