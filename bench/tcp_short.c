// SPDX-License-Identifier: GPL-2.0-or-later
/* Connect, 64 bytes, close, one connection after the other; the figure is a connection. */
#include "side.h"

static void server(int fd, unsigned int count)
{
	char buf[SIDE_PAYLOAD];
	int connection;

	while (count--) {
		connection = accept(fd, NULL, NULL);
		if (connection < 0 ||
		    recv(connection, buf, sizeof(buf), MSG_WAITALL) != sizeof(buf))
			side_die("server");
		close(connection);
	}
}

static void client(unsigned int count)
{
	char buf[SIDE_PAYLOAD] = "hello";
	struct sockaddr_in addr;
	int fd;

	side_address(&addr);
	while (count--) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		    send(fd, buf, sizeof(buf), 0) != sizeof(buf))
			side_die("client");
		/* the server closes first: its end is what a client of a short-lived service sees */
		if (recv(fd, buf, sizeof(buf), 0) != 0)
			side_die("end of connection");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	unsigned int count = side_arguments(argc, argv);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in addr;

	side_address(&addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 128) < 0)
		side_die("socket");
	return side_run(server, client, fd, count);
}
