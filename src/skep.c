// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and nothing else. */
#include "command/command.h"

const struct command *const commands[] = {
	NULL,
};

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}
