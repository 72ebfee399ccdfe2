#include "terminal.h"

#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH = 80, WIDTH_MIN = 40, WIDTH_MAX = 240 };

struct terminal
terminal_of(FILE *stream)
{
	struct terminal terminal = { false, WIDTH, SIZE_MAX };
	struct winsize size;
	int fd = fileno(stream);

	if (fd < 0 || !isatty(fd))
		return terminal;
	terminal.is_one = true;
	if (ioctl(fd, TIOCGWINSZ, &size) != 0)
		return terminal;
	if (size.ws_col > 0)
		terminal.width = size.ws_col < WIDTH_MIN   ? WIDTH_MIN
				 : size.ws_col > WIDTH_MAX ? WIDTH_MAX
							   : size.ws_col;
	if (size.ws_row > 0)
		terminal.lines = size.ws_row;
	return terminal;
}
