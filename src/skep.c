// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and nothing else. */
#include "command/command.h"

extern const struct command doctor_command, flows_command;

const struct command *const commands[] = {
	&doctor_command,
	&flows_command,
	NULL,
};

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}
