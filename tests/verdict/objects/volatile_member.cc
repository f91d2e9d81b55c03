/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=1 worker::stop */
class worker {
public:
	volatile bool stop = false;
	void run() volatile
	{
		while (!stop)
			;
	}
};
worker w;
void go()
{
	w.run();
}
