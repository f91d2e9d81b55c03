/* SPDX-License-Identifier: MIT */
/*
 * trace_graph.h - threads and maps as a graph in DOT: who created whom, who touches which map, what races.
 */
#ifndef RACE_REPORT_TRACE_GRAPH_H
#define RACE_REPORT_TRACE_GRAPH_H

#include <stdint.h>
#include <stdio.h>

/* Nodes and edges are collected, then written in the order of their keys: the same input gives the same bytes. */
struct graph;
struct graph *graph_new(void);
void graph_free(struct graph *g);
/* A thread of a process; parent below 0: not known, or none. Told again: what is known now holds. */
void graph_thread(struct graph *g, const char *process, uint32_t number, const char *name, int64_t parent);
/* A map by process, address and life; kind, label: NULL not known. Returns its index. */
uint32_t graph_map(struct graph *g, const char *process, const char *address, uint32_t life, const char *kind, const char *label);
void graph_touch(struct graph *g, const char *process, uint32_t thread, uint32_t map, uint64_t reads, uint64_t writes);
void graph_race(struct graph *g, const char *process, uint32_t thread, uint32_t map, int write);
void graph_write(FILE *to, struct graph *g);

#endif
