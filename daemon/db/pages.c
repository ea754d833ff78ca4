#include "daemon/db/pages.h"

#include "daemon/base/file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- LMDB's format, version 1 (mdb.c of 0.9.24), little-endian with 64-bit page numbers ---- */

#define META_MAGIC    0xBEEFC0DEu
#define META_VERSION  1u
#define NO_PAGE       UINT64_MAX
#define DEPTH_MAX     32
#define PAGE_SIZE_MAX 65536u

enum { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_META = 0x08 };
enum { NODE_BIG = 0x01 }; /* of a leaf: the value is in pages of its own */

struct page_head {
	uint64_t number;
	uint16_t pad, flags;
	union {
		struct {
			uint16_t lower, upper; /* of the free room between the nodes' places and the nodes */
		};
		uint32_t run; /* of overflow pages */
	};
};
_Static_assert(sizeof(struct page_head) == 16, "LMDB's");

struct tree {
	uint32_t pad; /* of the free list's tree: the page size */
	uint16_t flags, depth;
	uint64_t branch_pages, leaf_pages, overflow_pages, entries;
	uint64_t root;
};
_Static_assert(sizeof(struct tree) == 48, "LMDB's");

enum { TREE_FREE, TREE_MAIN };
struct meta {
	uint32_t magic, version;
	uint64_t address, map_size;
	struct tree tree[2];
	uint64_t last_page, transaction;
};
_Static_assert(sizeof(struct meta) == 136, "LMDB's");

/* Then the key, then the value: in a branch none, where `low`, `high` and `flags` are the child's number. */
struct node {
	uint16_t low, high, flags, key_size;
};

static uint64_t child_of(struct node node)
{
	return (uint64_t)node.flags << 32 | (uint64_t)node.high << 16 | node.low;
}

/* ---- a page of a tree ---- */

static bool is_page_of_tree(const uint8_t *page, size_t page_size)
{
	struct page_head head;
	memcpy(&head, page, sizeof head);
	return (head.flags == PAGE_BRANCH || head.flags == PAGE_LEAF) && head.lower > sizeof head &&
	       head.lower % 2 == 0 && head.lower <= head.upper && head.upper <= page_size;
}

static size_t node_count(const struct page_head *head)
{
	return (head->lower - sizeof *head) / sizeof(uint16_t);
}

static size_t place_of_node(const uint8_t *page, size_t which)
{
	uint16_t at;
	memcpy(&at, page + sizeof(struct page_head) + which * sizeof at, sizeof at);
	return at;
}

static struct node node_at(const uint8_t *page, size_t at)
{
	struct node node;
	memcpy(&node, page + at, sizeof node);
	return node;
}

static size_t size_of_node(struct node node, bool is_leaf)
{
	size_t size = sizeof node + node.key_size;
	if (is_leaf)
		size += node.flags & NODE_BIG ? sizeof(uint64_t) : (size_t)node.high << 16 | node.low;
	return size + size % 2;
}

static bool are_in_order(const uint8_t *page, size_t before, size_t at)
{
	size_t left = node_at(page, before).key_size, right = node_at(page, at).key_size;
	int order = memcmp(page + before + sizeof(struct node), page + at + sizeof(struct node),
	                   left < right ? left : right);
	return order < 0 || (order == 0 && left < right);
}

/* Every node is in the page, and together they fill what is taken of it: none is missing, none is there
 * twice. */
static bool is_whole(const uint8_t *page, size_t page_size, bool ascends)
{
	struct page_head head;
	size_t taken = 0;
	memcpy(&head, page, sizeof head);
	for (size_t i = 0; i < node_count(&head); i++) {
		size_t at = place_of_node(page, i);
		if (at < head.upper || at + sizeof(struct node) > page_size)
			return false;
		size_t size = size_of_node(node_at(page, at), head.flags == PAGE_LEAF);
		if (size > page_size - at)
			return false;
		/* The first key of a branch is not looked at by anyone. */
		if (ascends && i > (head.flags == PAGE_BRANCH) &&
		    !are_in_order(page, place_of_node(page, i - 1), at))
			return false;
		taken += size;
	}
	return taken == page_size - head.upper;
}

bool pages_leaf_is_whole(const void *page, size_t page_size)
{
	struct page_head head;
	memcpy(&head, page, sizeof head);
	return head.flags == PAGE_LEAF && is_page_of_tree(page, page_size) && is_whole(page, page_size, true);
}

/* ---- what is looked at ---- */

enum owner { OWNER_NONE, OWNER_USED, OWNER_FREE };

struct audit {
	int file;
	size_t page_size;
	uint64_t pages;                 /* up to the last that was ever used */
	uint8_t *owner;                 /* of each */
	uint64_t transaction, freed_by; /* of this state; of the last entry of the list of free pages */
	uint64_t findings;
	void (*tell)(void *context, const char *finding);
	void *context;
	int fault; /* what kept us from looking */
};

static void find(struct audit *audit, const char *format, ...) PRINTF_LIKE(2, 3);
static void find(struct audit *audit, const char *format, ...)
{
	char text[256];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	audit->findings++;
	audit->tell(audit->context, text);
}

static bool own(struct audit *audit, uint64_t page, enum owner owner, const char *what)
{
	static const char *const before[] = {[OWNER_USED] = "used", [OWNER_FREE] = "free"};
	if (page < 2 || page >= audit->pages) {
		find(audit, "page %" PRIu64 " is named by %s and is none of the %" PRIu64 " pages", page,
		     what, audit->pages);
		return false;
	}
	if (audit->owner[page] != OWNER_NONE) {
		find(audit, "page %" PRIu64 " belongs to %s, and is %s already", page, what,
		     before[audit->owner[page]]);
		return false;
	}
	audit->owner[page] = (uint8_t)owner;
	return true;
}

/* Reads a page of which nothing is known but who named it. */
static bool read_page(struct audit *audit, uint64_t page, const char *what, uint8_t *bytes)
{
	struct page_head head;
	int result = file_read(audit->file, bytes, audit->page_size, page * audit->page_size);
	if (result != 0) {
		find(audit, "page %" PRIu64 " of %s cannot be read: %s", page, what, fault_text(result));
		return false;
	}
	memcpy(&head, bytes, sizeof head);
	if (head.number == page)
		return true;
	find(audit, "page %" PRIu64 " of %s calls itself %" PRIu64, page, what, head.number);
	return false;
}

/* ---- trees ---- */

struct walk {
	const char *what; /* whose tree it is */
	bool ascends;     /* its keys are compared as bytes */
	/* Gets each entry of a leaf; NULL: only the pages matter. */
	void (*each)(struct audit *audit, const struct walk *walk, const uint8_t *key, size_t key_size,
	             const uint8_t *value, size_t size);
};

static void walk_tree(struct audit *audit, const struct walk *walk, uint64_t page, unsigned depth);

/* The first of a value's own pages, and whether all of them are there. */
static bool walk_run(struct audit *audit, const struct walk *walk, uint64_t first, size_t size,
                     uint8_t *bytes)
{
	struct page_head head;
	uint64_t needed = (sizeof head + size + audit->page_size - 1) / audit->page_size;
	bool is_whole = true;
	if (!own(audit, first, OWNER_USED, walk->what) || !read_page(audit, first, walk->what, bytes))
		return false;
	memcpy(&head, bytes, sizeof head);
	if (head.flags != PAGE_OVERFLOW || head.run < needed) {
		find(audit, "page %" PRIu64 " of %s does not begin the %" PRIu64 " pages of a value", first,
		     walk->what, needed);
		return false;
	}
	for (uint64_t i = 1; i < head.run && is_whole; i++)
		is_whole = own(audit, first + i, OWNER_USED, walk->what);
	return is_whole;
}

static void walk_large_value(struct audit *audit, const struct walk *walk, const uint8_t *key,
                             size_t key_size, uint64_t first, size_t size)
{
	size_t room = size > audit->page_size ? size : audit->page_size;
	uint8_t *bytes = malloc(room);
	if (!bytes) {
		audit->fault = -ENOMEM;
		return;
	}
	if (walk_run(audit, walk, first, size, bytes) && walk->each) {
		int result =
		    file_read(audit->file, bytes, size, first * audit->page_size + sizeof(struct page_head));
		if (result == 0)
			walk->each(audit, walk, key, key_size, bytes, size);
		else
			find(audit, "page %" PRIu64 " of %s cannot be read: %s", first, walk->what,
			     fault_text(result));
	}
	free(bytes);
}

static void walk_entry(struct audit *audit, const struct walk *walk, struct node node, const uint8_t *key)
{
	uint64_t first;
	size_t size = (size_t)node.high << 16 | node.low;
	const uint8_t *value = key + node.key_size;
	if (node.flags & NODE_BIG) {
		memcpy(&first, value, sizeof first);
		walk_large_value(audit, walk, key, node.key_size, first, size);
	} else if (walk->each) {
		walk->each(audit, walk, key, node.key_size, value, size);
	}
}

static void walk_nodes(struct audit *audit, const struct walk *walk, const uint8_t *bytes, unsigned depth)
{
	struct page_head head;
	memcpy(&head, bytes, sizeof head);
	for (size_t i = 0; i < node_count(&head) && audit->fault == 0; i++) {
		size_t at = place_of_node(bytes, i);
		struct node node = node_at(bytes, at);
		if (head.flags == PAGE_LEAF)
			walk_entry(audit, walk, node, bytes + at + sizeof node);
		else
			walk_tree(audit, walk, child_of(node), depth + 1);
	}
}

static void walk_tree(struct audit *audit, const struct walk *walk, uint64_t page, unsigned depth)
{
	uint8_t *bytes = malloc(audit->page_size);
	if (!bytes)
		audit->fault = -ENOMEM;
	else if (depth > DEPTH_MAX)
		find(audit, "%s goes deeper than a tree can", walk->what);
	else if (own(audit, page, OWNER_USED, walk->what) && read_page(audit, page, walk->what, bytes)) {
		if (is_page_of_tree(bytes, audit->page_size) &&
		    is_whole(bytes, audit->page_size, walk->ascends))
			walk_nodes(audit, walk, bytes, depth);
		else
			find(audit, "page %" PRIu64 " of %s does not hold together", page, walk->what);
	}
	free(bytes);
}

/* ---- the three kinds ---- */

/* A table's tree; its name is the key under which the main tree holds it. */
static void walk_table(struct audit *audit, const struct walk *above, const uint8_t *key, size_t key_size,
                       const uint8_t *value, size_t size)
{
	char name[64];
	struct tree tree;
	const struct walk walk = {.what = name, .ascends = true};
	snprintf(name, sizeof name, "table '%.*s'", key_size < 32 ? (int)key_size : 32, (const char *)key);
	if (size != sizeof tree) {
		find(audit, "%s: what %s holds of it is no tree", name, above->what);
		return;
	}
	memcpy(&tree, value, sizeof tree);
	if (tree.root != NO_PAGE)
		walk_tree(audit, &walk, tree.root, 0);
}

/* An entry of the list: by which transaction the pages were freed; then how many, and which. */
static void walk_free(struct audit *audit, const struct walk *walk, const uint8_t *key, size_t key_size,
                      const uint8_t *value, size_t size)
{
	uint64_t freed_by, count, page;
	if (key_size != sizeof freed_by || size < sizeof count || size % sizeof page != 0) {
		find(audit, "%s: an entry is none", walk->what);
		return;
	}
	memcpy(&freed_by, key, sizeof freed_by);
	memcpy(&count, value, sizeof count);
	if (freed_by <= audit->freed_by || freed_by > audit->transaction)
		find(audit, "%s: an entry is out of order", walk->what);
	audit->freed_by = freed_by;
	if (count >= size / sizeof page) {
		find(audit, "%s: an entry is shorter than it says", walk->what);
		return;
	}
	for (uint64_t i = 1; i <= count; i++) {
		memcpy(&page, value + i * sizeof page, sizeof page);
		own(audit, page, OWNER_FREE, walk->what);
	}
}

/* ---- meta pages ---- */

#define META_BYTES (sizeof(struct page_head) + sizeof(struct meta))
_Static_assert(sizeof((struct pages_meta){{0}}.bytes) == META_BYTES, "the whole of it");

static uint64_t place_of_meta(size_t page_size, uint64_t transaction)
{
	return transaction % 2 * page_size;
}

int pages_read_meta(int file, size_t page_size, uint64_t transaction, struct pages_meta *ret_meta)
{
	return file_read(file, ret_meta->bytes, sizeof ret_meta->bytes,
	                 place_of_meta(page_size, transaction));
}

/* A disk that takes only half of it at a time may take the other half next. */
int pages_restore_meta(int file, size_t page_size, uint64_t transaction, const struct pages_meta *meta)
{
	const off_t place = (off_t)place_of_meta(page_size, transaction);
	size_t done = 0;
	ssize_t written = 1;
	while (done < sizeof meta->bytes && written > 0) {
		written = pwrite(file, meta->bytes + done, sizeof meta->bytes - done, place + (off_t)done);
		done += written > 0 ? (size_t)written : 0;
	}
	return done == sizeof meta->bytes ? 0 : written < 0 ? -errno : -EIO;
}

struct metas {
	struct {
		struct page_head head;
		struct meta meta;
	} page[2];
};

static int read_metas(const struct audit *audit, struct metas *ret_metas)
{
	uint8_t bytes[META_BYTES];
	memset(ret_metas, 0, sizeof *ret_metas);
	for (size_t i = 0; i < 2; i++) {
		int result = file_read(audit->file, bytes, sizeof bytes, i * audit->page_size);
		if (result != 0)
			return result;
		memcpy(&ret_metas->page[i].head, bytes, sizeof ret_metas->page[i].head);
		memcpy(&ret_metas->page[i].meta, bytes + sizeof ret_metas->page[i].head,
		       sizeof ret_metas->page[i].meta);
	}
	return 0;
}

/* They take turns, so the numbers of their transactions are neighbours, even in the first page and odd in
 * the second; both are 0 before the first transaction. */
static void judge_metas(struct audit *audit, const struct metas *metas)
{
	const struct meta *even = &metas->page[0].meta, *odd = &metas->page[1].meta;
	for (size_t i = 0; i < 2; i++) {
		const struct meta *meta = &metas->page[i].meta;
		if (metas->page[i].head.number != i || metas->page[i].head.flags != PAGE_META ||
		    meta->magic != META_MAGIC || meta->version != META_VERSION ||
		    meta->tree[TREE_FREE].pad != audit->page_size)
			find(audit, "meta page %zu is none", i);
	}
	bool is_fresh = even->transaction == 0 && odd->transaction == 0;
	if (!is_fresh &&
	    (even->transaction % 2 != 0 || odd->transaction % 2 != 1 ||
	     (even->transaction + 1 != odd->transaction && odd->transaction + 1 != even->transaction)))
		find(audit,
		     "the meta pages are of transactions %" PRIu64 " and %" PRIu64
		     ", which do not follow each other",
		     even->transaction, odd->transaction);
}

/* The list of free pages ends with an entry of the newest transaction, as every one frees the pages it
 * replaces; the first of all, and a copy's, have nothing to free. */
static bool read_last_freed_by(struct audit *audit, const struct meta *meta, uint64_t *ret_freed_by)
{
	uint8_t bytes[PAGE_SIZE_MAX];
	uint64_t page = meta->tree[TREE_FREE].root;
	*ret_freed_by = meta->transaction > 1 ? 0 : meta->transaction; /* where the list is empty */
	for (int depth = 0; depth <= DEPTH_MAX && page != NO_PAGE; depth++) {
		struct page_head head;
		struct node node;
		uint16_t at;
		if (page > meta->last_page ||
		    file_read(audit->file, bytes, audit->page_size, page * audit->page_size) != 0 ||
		    !is_page_of_tree(bytes, audit->page_size))
			return false;
		memcpy(&head, bytes, sizeof head);
		memcpy(&at, bytes + head.lower - sizeof at, sizeof at);
		if (at < head.upper || at + sizeof node + sizeof *ret_freed_by > audit->page_size)
			return false;
		memcpy(&node, bytes + at, sizeof node);
		if (head.flags == PAGE_LEAF) {
			memcpy(ret_freed_by, bytes + at + sizeof node, sizeof *ret_freed_by);
			return node.key_size == sizeof *ret_freed_by;
		}
		page = child_of(node);
	}
	return page == NO_PAGE;
}

struct freed {
	bool known;
	uint64_t by;
};

/* A meta page whose number alone was changed holds the tables of another day. The older one is looked at
 * as well: it may have been the newer. Its pages are kept until the next commit; one of them that is
 * damaged is nobody's loss. */
static void judge_numbers(struct audit *audit, const struct metas *metas, const struct freed freed[2])
{
	for (size_t i = 0; i < 2; i++) {
		uint64_t transaction = metas->page[i].meta.transaction;
		if (freed[i].known && freed[i].by != transaction)
			find(audit,
			     "meta page %zu is of transaction %" PRIu64
			     ", but its list of free pages ends with %" PRIu64,
			     i, transaction, freed[i].by);
	}
}

/* Nothing is said before it is certain that nobody has written meanwhile. */
static int check_metas(struct audit *audit, struct metas *ret_metas)
{
	struct metas metas, then;
	struct freed freed[2] = {{.known = false}};
	int result = read_metas(audit, &metas);
	if (result != 0)
		return result;
	for (size_t i = 0; i < 2; i++)
		freed[i].known = read_last_freed_by(audit, &metas.page[i].meta, &freed[i].by);
	result = read_metas(audit, &then);
	if (result != 0)
		return result;
	if (memcmp(&metas, &then, sizeof metas) != 0)
		return PAGES_MOVING;
	judge_metas(audit, &metas);
	if (audit->findings == 0 && metas.page[audit->transaction % 2].meta.transaction != audit->transaction)
		return PAGES_MOVING;
	judge_numbers(audit, &metas, freed);
	*ret_metas = metas;
	return 0;
}

/* ---- the whole ---- */

static void walk_all(struct audit *audit, const struct meta *meta)
{
	static const struct walk main_walk = {
	    .what = "the list of tables", .ascends = true, .each = walk_table};
	static const struct walk free_walk = {.what = "the list of free pages", .each = walk_free};
	if (meta->tree[TREE_MAIN].root != NO_PAGE)
		walk_tree(audit, &main_walk, meta->tree[TREE_MAIN].root, 0);
	if (meta->tree[TREE_FREE].root != NO_PAGE)
		walk_tree(audit, &free_walk, meta->tree[TREE_FREE].root, 0);
}

static int audit_state(struct audit *audit, const struct meta *meta, struct pages_report *ret_report)
{
	uint64_t bytes = 0;
	int result = file_size(audit->file, &bytes);
	if (result != 0)
		return result;
	audit->pages = meta->last_page + 1;
	/* Pages that were taken and given back in one transaction are counted, and may never have been
	 * written. */
	if (meta->last_page >= bytes / audit->page_size + (1 << 20)) {
		find(audit, "the last page is said to be %" PRIu64 ", far behind the end of the file",
		     meta->last_page);
		return 0;
	}
	audit->owner = calloc(audit->pages, 1);
	if (!audit->owner)
		return -ENOMEM;
	walk_all(audit, meta);
	*ret_report = (struct pages_report){.pages = audit->pages};
	for (uint64_t i = 0; i < audit->pages; i++) {
		ret_report->used += audit->owner[i] == OWNER_USED;
		ret_report->free += audit->owner[i] == OWNER_FREE;
	}
	free(audit->owner);
	return audit->fault;
}

int pages_verify(int file, size_t page_size, uint64_t transaction,
                 void (*tell)(void *context, const char *finding), void *context,
                 struct pages_report *ret_report)
{
	struct audit audit = {.file = file,
	                      .page_size = page_size,
	                      .transaction = transaction,
	                      .tell = tell,
	                      .context = context};
	struct pages_report report = {.pages = 0};
	struct metas metas;
	if (page_size > PAGE_SIZE_MAX)
		return FAULT_CORRUPT;
	int result = check_metas(&audit, &metas);
	if (result == 0 && audit.findings == 0)
		result = audit_state(&audit, &metas.page[transaction % 2].meta, &report);
	if (result != 0)
		return result;
	*ret_report = report;
	return audit.findings > 0 ? (int)PAGES_DAMAGED : 0;
}
