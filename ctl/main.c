/* mxctl: the operator's command. The grammar is in command.c, each family of commands in a file of
 * its name. */
#include "command.h"

int
main(int argc, char **argv)
{
	return command_main(argc, argv, stdin, stdout, stderr);
}
