// SPDX-License-Identifier: GPL-2.0-or-later
/* 64-byte datagrams to and fro between two connected UDP sockets; the figure is a round trip. */
#include "side.h"

static int client_fd;

static void server(int fd, unsigned int count)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	char buf[SIDE_PAYLOAD];

	close(client_fd);
	while (count--) {
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
	unsigned int count = side_arguments(argc, argv);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in addr;

	side_address(&addr);
	client_fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || client_fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    connect(client_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		side_die("socket");
	return side_run(server, client, fd, count);
}
