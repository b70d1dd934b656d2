/* The peer of the circuit's benchmark: the same questions over the same arrays in a plain C loop.
 *
 * Reads the arrays that the benchmark wrote, answers `rounds` times, prints one line for each: the
 * nanoseconds of the killer sets, of the blast radii, the elements of all sets, and a checksum of the radii;
 * then one line for each pass of 512 scenarios at once. */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AND = 1, OR = 2, AT_LEAST = 3 };

static uint32_t inputs, gates, edges, outputs;
static uint32_t *op, *start, *children, *out;
static uint32_t *set, *set_start, *elements;
static uint32_t *met, *met_count;
static uint32_t sets, used, round_no;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *need(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory) { perror("malloc"); exit(1); }
    return memory;
}

static uint32_t *read_words(FILE *file, size_t count) {
    uint32_t *words = need(count * 4 + 4);
    if (fread(words, 4, count, file) != count) { fprintf(stderr, "short file\n"); exit(1); }
    return words;
}

static uint32_t length(uint32_t s) { return set_start[s + 1] - set_start[s]; }

/* What was appended becomes a set, unless it is as large as one that holds it or is held by it. */
static uint32_t close_set(uint32_t like) {
    uint32_t begin = set_start[sets];
    if (used - begin == length(like)) { used = begin; return like; }
    if (used == begin) return 0;
    set_start[++sets] = used;
    return sets - 1;
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t of[1 << 20];

static uint32_t unite(uint32_t n) {
    if (n == 0) return 0;
    if (n == 1) return of[0];
    if (n == 2) {
        uint32_t a = of[0], b = of[1];
        if (a == b) return a;
        uint32_t large = length(a) >= length(b) ? a : b;
        uint32_t i = set_start[a], ie = set_start[a + 1], j = set_start[b], je = set_start[b + 1];
        while (i < ie && j < je) {
            uint32_t x = elements[i], y = elements[j];
            elements[used++] = x < y ? x : y;
            i += x <= y;
            j += y <= x;
        }
        while (i < ie) elements[used++] = elements[i++];
        while (j < je) elements[used++] = elements[j++];
        return close_set(large);
    }
    uint32_t begin = used, large = of[0];
    round_no++;
    for (uint32_t k = 0; k < n; k++) {
        if (length(of[k]) > length(large)) large = of[k];
        for (uint32_t i = set_start[of[k]]; i < set_start[of[k] + 1]; i++) {
            uint32_t e = elements[i];
            if (met[e] != round_no) { met[e] = round_no; elements[used++] = e; }
        }
    }
    qsort(elements + begin, used - begin, 4, by_value);
    return close_set(large);
}

static uint32_t common(uint32_t n, uint32_t enough) {
    uint32_t begin = used, small = of[0];
    round_no++;
    for (uint32_t k = 0; k < n; k++) {
        if (length(of[k]) < length(small)) small = of[k];
        for (uint32_t i = set_start[of[k]]; i < set_start[of[k] + 1]; i++) {
            uint32_t e = elements[i];
            if (met[e] != round_no) { met[e] = round_no; met_count[e] = 0; }
            if (++met_count[e] == enough) elements[used++] = e;
        }
    }
    qsort(elements + begin, used - begin, 4, by_value);
    return close_set(enough == n ? small : 0);
}

static void killers(void) {
    used = inputs;
    sets = inputs + 1;
    round_no = 0;
    memset(met, 0, (size_t)inputs * 4);
    for (uint32_t i = 0; i < inputs; i++) { elements[i] = i; set[i] = i + 1; }
    for (uint32_t i = 0; i <= inputs; i++) set_start[i + 1] = i;
    set_start[0] = 0;
    for (uint32_t g = inputs; g < gates; g++) {
        uint32_t n = 0, kind = op[g] & 3, k = op[g] >> 2;
        const uint32_t *c = children + start[g], *end = children + start[g + 1];
        if (kind == AND) {
            for (; c < end; c++)
                if (set[*c] && !(n && of[n - 1] == set[*c])) of[n++] = set[*c];
            set[g] = unite(n);
        } else if (kind == OR) {
            int empty = 0;
            for (; c < end && !empty; c++) {
                if (!set[*c]) empty = 1;
                else if (!(n && of[n - 1] == set[*c])) of[n++] = set[*c];
            }
            if (empty || n == 0) set[g] = 0;
            else if (n == 1) set[g] = of[0];
            else if (n == 2) {
                uint32_t a = of[0], b = of[1];
                uint32_t i = set_start[a], ie = set_start[a + 1], j = set_start[b], je = set_start[b + 1];
                while (i < ie && j < je) {
                    uint32_t x = elements[i], y = elements[j];
                    if (x == y) elements[used++] = x;
                    i += x <= y;
                    j += y <= x;
                }
                set[g] = close_set(length(a) <= length(b) ? a : b);
            } else set[g] = common(n, n);
        } else {
            for (; c < end; c++) of[n++] = set[*c];
            set[g] = common(n, n + 1 - k);
        }
    }
}

static uint64_t blasts(uint32_t *first, uint32_t *hit) {
    memset(first, 0, ((size_t)inputs + 1) * 4);
    for (uint32_t o = 0; o < outputs; o++)
        for (uint32_t i = set_start[set[out[o]]]; i < set_start[set[out[o]] + 1]; i++) first[elements[i] + 1]++;
    for (uint32_t i = 0; i < inputs; i++) first[i + 1] += first[i];
    uint32_t *next = need(((size_t)inputs + 1) * 4);
    memcpy(next, first, ((size_t)inputs + 1) * 4);
    for (uint32_t o = 0; o < outputs; o++)
        for (uint32_t i = set_start[set[out[o]]]; i < set_start[set[out[o]] + 1]; i++) hit[next[elements[i]]++] = o;
    free(next);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < inputs; i++) sum = sum * 31 + (first[i + 1] - first[i]);
    return sum;
}

#define LANES 8
typedef struct { uint64_t w[LANES]; } row;

static void scenarios(row *value) {
    for (uint32_t g = inputs; g < gates; g++) {
        const uint32_t *c = children + start[g], *end = children + start[g + 1];
        row v;
        if ((op[g] & 3) == AND) {
            memset(&v, 255, sizeof v);
            for (; c < end; c++) for (int w = 0; w < LANES; w++) v.w[w] &= value[*c].w[w];
        } else {
            memset(&v, 0, sizeof v);
            for (; c < end; c++) for (int w = 0; w < LANES; w++) v.w[w] |= value[*c].w[w];
        }
        value[g] = v;
    }
}

int main(int argc, char **argv) {
    if (argc != 3) { fprintf(stderr, "circuit ARRAYS ROUNDS\n"); return 2; }
    FILE *file = fopen(argv[1], "rb");
    if (!file) { perror(argv[1]); return 1; }
    uint32_t *head = read_words(file, 4);
    inputs = head[0]; gates = head[1]; edges = head[2]; outputs = head[3];
    op = read_words(file, gates);
    start = read_words(file, (size_t)gates + 1);
    children = read_words(file, edges);
    out = read_words(file, outputs);
    fclose(file);
    size_t room = (size_t)1 << 28;
    set = need((size_t)gates * 4);
    set_start = need(((size_t)gates + 3) * 4);
    elements = need(room * 4);
    met = need((size_t)inputs * 4);
    met_count = need((size_t)inputs * 4);
    uint32_t *first = need(((size_t)inputs + 1) * 4), *hit = need(room * 4);
    for (int r = 0; r < atoi(argv[2]); r++) {
        uint64_t a = now();
        killers();
        uint64_t b = now();
        uint64_t sum = blasts(first, hit);
        uint64_t c = now();
        printf("killers %llu %llu %u %llu\n", (unsigned long long)(b - a), (unsigned long long)(c - b), used,
               (unsigned long long)sum);
        fflush(stdout);
    }
    free(hit);
    free(elements);
    row *value = need((size_t)gates * sizeof(row));
    memset(value, 255, (size_t)gates * sizeof(row));
    for (uint32_t i = 0; i < inputs; i++) value[i].w[i / 64 % LANES] &= ~(1ull << i % 64);
    /* The bound: as many bytes as a pass must move, moved in order. */
    size_t rows = (size_t)gates - inputs + edges;
    for (int r = 0; r < atoi(argv[2]); r++) {
        uint64_t a = now();
        scenarios(value);
        uint64_t b = now();
        uint64_t sum = 0;
        for (uint32_t g = 0; g < gates; g++) sum = sum * 31 + value[g].w[0];
        printf("scenarios %llu %llu\n", (unsigned long long)(b - a), (unsigned long long)sum);
        fflush(stdout);
    }
    (void)rows;
    return 0;
}
