#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t seen;
static struct sigaction old_int, old_term;

static void
on_signal(int number)
{
	(void)number;
	seen = 1;
}

void
interrupt_catch(void)
{
	struct sigaction on = { .sa_handler = on_signal };

	seen = 0;
	sigemptyset(&on.sa_mask);
	sigaction(SIGINT, &on, &old_int);
	sigaction(SIGTERM, &on, &old_term);
}

bool
interrupt_seen(void)
{
	return seen != 0;
}

void
interrupt_release(void)
{
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
}
