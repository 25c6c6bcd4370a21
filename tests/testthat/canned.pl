# A server for tests that answers what it was told to, byte for byte. helper-canned.R drives it and says how.
#
# In Perl, because R's own server sockets listen to the whole network and a test is nobody's business but this machine's.
#
# Usage: perl canned.pl FOLDER
#   Prints its port and serves 127.0.0.1 until its standard input ends. FOLDER/replies holds the replies, answered in
#   the order of their names, the last one again and again; FOLDER/requests gets each request as it came, in a
#   file named for its number and the client's port.
use strict;
use warnings;
use Fcntl ':flock';
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);

my $folder = shift or die "canned.pl needs a folder\n";
my $parent = $$;
$SIG{CHLD} = $SIG{PIPE} = $SIG{INT} = 'IGNORE';
$| = 1;

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 128)
    or die "cannot listen: $@\n";
print $listener->sockport, "\n";

my $ready = IO::Select->new($listener, \*STDIN);
while (1) {
    for my $handle ($ready->can_read) {
        exit 0 if $handle != $listener;
        my $client = $listener->accept or next;
        my $child = fork;
        die "cannot fork: $!\n" if !defined $child;
        if ($child == 0) {
            close $listener;
            while (defined(my $request = receive($client))) {
                last if !play($client, take_turn($client->peerport, $request));
            }
            exit 0;
        }
        close $client;
    }
}

# One whole request, or undef when the client has gone.
sub receive {
    my ($client) = @_;
    my $bytes = '';
    while ($bytes !~ /\r\n\r\n/) {
        sysread($client, $bytes, 65536, length $bytes) or return undef;
    }
    my $whole = $+[0] + ($bytes =~ /^content-length:\s*(\d+)/im ? $1 : 0);
    while (length $bytes < $whole) {
        sysread($client, $bytes, 65536, length $bytes) or return undef;
    }
    return $bytes;
}

# Records a request, with the client's port for its name's end, and returns the reply whose turn it is. Connections are processes of their own, hence the lock.
sub take_turn {
    my ($port, $request) = @_;
    open my $lock, '>', "$folder/lock" or die "cannot lock: $!\n";
    flock $lock, LOCK_EX;
    my $number = 1 + scalar(() = glob "'$folder/requests/*'");
    write_file(sprintf('%s/requests/%06d-%d', $folder, $number, $port), $request);
    my ($reply, @later) = glob "'$folder/replies/*'";
    my $steps = read_file($reply);
    unlink $reply if @later;
    return $steps;
}

# Does what a reply says: "send N" and N bytes, "sleep SECONDS", "close", "reset". True to keep the connection.
sub play {
    my ($client, $steps) = @_;
    while ($steps =~ s/^(\w+) ?([\d.]*)\n//) {
        if ($1 eq 'send') {
            my $bytes = substr $steps, 0, $2, '';
            syswrite $client, $bytes;
        } elsif ($1 eq 'sleep') {
            rest($2);
        } else {
            setsockopt $client, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $1 eq 'reset';
            return 0;
        }
    }
    return 1;
}

# Sleeps, but not longer than the server lives.
sub rest {
    my ($seconds) = @_;
    for (my $left = $seconds; $left > 0; $left -= 0.05) {
        exit 0 if getppid != $parent;
        select undef, undef, undef, $left < 0.05 ? $left : 0.05;
    }
}

sub write_file {
    my ($path, $bytes) = @_;
    open my $file, '>:raw', "$path.part" or die "cannot write $path: $!\n";
    print $file $bytes;
    close $file;
    rename "$path.part", $path;
}

sub read_file {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "cannot read $path: $!\n";
    local $/;
    return <$file>;
}
