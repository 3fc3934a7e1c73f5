// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 64-byte datagrams to and fro between two UDP sockets; the figure is a round trip. The client's is connected; the
 * server's is not, as a name server's, or with "connected" behind the other arguments it is, as netperf's.
 */
#include "side.h"

static int client_fd;
static int connected;

static void server(int fd, unsigned int count)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	char buf[SIDE_PAYLOAD];

	close(client_fd);
	if (connected &&
	    (recvfrom(fd, buf, sizeof(buf), MSG_PEEK, (struct sockaddr *)&peer, &len) < 0 ||
	     connect(fd, (struct sockaddr *)&peer, len) < 0))
		side_die("server");
	while (connected && count--) {
		if (recv(fd, buf, sizeof(buf), 0) != sizeof(buf) ||
		    send(fd, buf, sizeof(buf), 0) != sizeof(buf))
			side_die("server");
	}
	while (!connected && count--) {
		if (recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len) !=
			    sizeof(buf) ||
		    sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, len) != sizeof(buf))
			side_die("server");
	}
}

static void client(unsigned int count)
{
	char buf[SIDE_PAYLOAD] = "ping";

	while (count--) {
		if (send(client_fd, buf, sizeof(buf), 0) != sizeof(buf) ||
		    recv(client_fd, buf, sizeof(buf), 0) != sizeof(buf))
			side_die("client");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	unsigned int count;
	int fd;

	connected = argc == 4 && !strcmp(argv[3], "connected");
	count = side_arguments(argc - connected, argv);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	side_address(&addr);
	client_fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || client_fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    connect(client_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		side_die("socket");
	return side_run(server, client, fd, count);
}
