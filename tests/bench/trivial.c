/* The least that a dynamically linked program can be: what bench_bounce.py compares mxbounce to. */
int main(void);

int
main(void)
{
	return 0;
}
