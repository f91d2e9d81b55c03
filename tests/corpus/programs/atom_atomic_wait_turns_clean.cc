/* CORPUS label=clean family=std_map primitive=atomic_wait atomics=own repeats=yes twin=atom_atomic_wait_turns_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Two players pass a board back and forth: whose turn it is stands in an atomic that the other one waits on
 * (std::atomic::wait, which spins first and then sleeps in the kernel).
 * The first player notes the move and then passes the turn on.
 */
#include <atomic>
#include <cstdio>
#include <map>
#include <thread>
#include <unistd.h>

static const int moves = 200;
static std::map<int, int> board;
static std::atomic<int> turn{0};

static void await(int mine)
{
	int now;

	while ((now = turn.load(std::memory_order_acquire)) != mine)
		turn.wait(now, std::memory_order_acquire);
}

static void pass(int next)
{
	turn.store(next, std::memory_order_release);
	turn.notify_one();
}

static void first_player()
{
	for (int move = 0; move < moves; move++) {
		await(0);
		board.emplace(1000 + move, 1);
		pass(1);
	}
}

static void second_player(int *pieces)
{
	for (int move = 0; move < moves; move++) {
		await(1);
		usleep(20);
		unsigned count = 0;
		for (auto at = board.begin(); count < 6 && count < board.size(); ++at, count++)
			*pieces += 1 + at->second;
		pass(0);
	}
}

int main()
{
	int pieces = 0;

	for (int square = 0; square < 8; square++)
		board.emplace(square, 0);
	std::thread first(first_player), second(second_player, &pieces);
	first.join();
	second.join();
	std::printf("%s\n", pieces > 0 ? "game over" : "no game");
	return 0;
}
