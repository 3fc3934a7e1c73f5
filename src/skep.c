// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and nothing else. */
int main(void);
int main(void)
{
	return 0;
}
