/* SPDX-License-Identifier: MIT */
/*
 * fmt.c - text out: the buffer of fmt.h.
 *
 * Invariant text[len] is NUL and len < cap whenever cap > 0; once `cut` is set it stays set.
 * Must not  allocate, use stdio or look at the locale.
 */
#include "fmt.h"

#include <string.h>

struct buf buf_on(char *text, size_t cap)
{
	struct buf b = { text, cap, 0, 0 };

	if (cap > 0)
		text[0] = 0;
	return b;
}

void buf_mem(struct buf *b, const char *s, size_t n)
{
	size_t room = b->cap > b->len ? b->cap - b->len - 1 : 0;

	if (n > room) {
		n = room;
		b->cut = 1;
	}
	if (n == 0)
		return;
	memcpy(b->text + b->len, s, n);
	b->len += n;
	b->text[b->len] = 0;
}

void buf_char(struct buf *b, char c)
{
	buf_mem(b, &c, 1);
}

void buf_str(struct buf *b, const char *s)
{
	buf_mem(b, s, strlen(s));
}

static void put_unsigned(struct buf *b, uint64_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	buf_mem(b, digits + at, sizeof(digits) - at);
}

static void put_signed(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_char(b, '-');
	put_unsigned(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

void buf_vfmt(struct buf *b, const char *format, va_list ap)
{
	for (const char *f = format; *f; f++) {
		const char *plain = f, *s;
		int precision = -1, wide = 0;

		while (*f && *f != '%')
			f++;
		buf_mem(b, plain, (size_t)(f - plain));
		if (!*f)
			return;
		f++;
		if (f[0] == '.' && f[1] == '*') {
			precision = va_arg(ap, int);
			f += 2;
		}
		if (*f == 'l') {
			wide = 1;
			f++;
		}
		switch (*f) {
		case 's':
			s = va_arg(ap, const char *);
			if (!s)
				s = "(null)";
			buf_mem(b, s, precision >= 0 ? strnlen(s, (size_t)precision) : strlen(s));
			break;
		case 'c':
			buf_char(b, (char)va_arg(ap, int));
			break;
		case 'd':
			put_signed(b, wide ? va_arg(ap, long) : va_arg(ap, int));
			break;
		case 'u':
			put_unsigned(b, wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int), 10);
			break;
		case 'x':
			put_unsigned(b, wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int), 16);
			break;
		case 'p':
			buf_mem(b, "0x", 2);
			put_unsigned(b, (uintptr_t)va_arg(ap, void *), 16);
			break;
		case '%':
			buf_char(b, '%');
			break;
		default: /* a mistake of ours: shown, and the end of it, since the arguments are off from here on */
			buf_str(b, "%?");
			return;
		}
	}
}

void buf_fmt(struct buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vfmt(b, format, ap);
	va_end(ap);
}

size_t utf8_char(const char *text, size_t n, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	*point = s[0];
	if (length == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n < length)
		return 0;
	*point &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s[i] & 0x3f);
	}
	return *point < least[length] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000) ? 0 : length;
}

int utf8_is_printable(uint32_t point)
{
	if (point < 0x20 || (point >= 0x7f && point < 0xa0)) /* the 7-bit and the 8-bit control characters */
		return 0;
	/* Line separators and the marks that turn the direction of text: they make a line read as another one. */
	return !((point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069));
}

/* Bytes of the UTF-8 character at s that a terminal shows and does not obey: 0 for anything else. */
static size_t printable(const unsigned char *s, size_t n)
{
	uint32_t point;
	size_t length = utf8_char((const char *)s, n, &point);

	return length && utf8_is_printable(point) ? length : 0;
}

static void put_printable(struct buf *b, const char *text, size_t n, const char *also)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;

	while (n > 0) {
		size_t length = printable(s, n);

		if (length == 1 && (*s == (unsigned char)also[0] || *s == (unsigned char)also[1]))
			length = 0;
		if (length == 0) {
			char escape[4] = { '\\', 'x', hex[*s >> 4], hex[*s & 15] };

			buf_mem(b, escape, 4);
			length = 1;
		} else {
			buf_mem(b, (const char *)s, length);
		}
		s += length;
		n -= length;
	}
}

void buf_quoted(struct buf *b, const char *s, size_t n)
{
	buf_char(b, '"');
	put_printable(b, s, n, "\"\\");
	buf_char(b, '"');
}

void buf_clean(struct buf *b, const char *s)
{
	put_printable(b, s, strlen(s), "\0\0");
}
