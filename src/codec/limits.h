/* limits.h - every ceiling of the codec room, with its reason.  Room: codec. */
#ifndef SW_CODEC_LIMITS_H
#define SW_CODEC_LIMITS_H

/* Text of one TOML document: manifests are a few KiB; nobody writes a megabyte by hand. */
#define CODEC_TOML_BYTES_MAX (1u << 20)
/* Brackets and braces inside each other, and parts of one dotted key. Their product bounds the depth of the tree that toml++ makes and
 * takes down recursively: 1,024 levels fit any stack. */
#define CODEC_TOML_NESTING_MAX 32
#define CODEC_TOML_KEY_PARTS_MAX 32
/* Levels of the tree that is handed out; a manifest needs five. */
#define CODEC_TOML_DEPTH_MAX 64

/* Text of one JSON document: a locked app with large environments. */
#define CODEC_JSON_BYTES_MAX (16u << 20)

/* Words longer than this are not compared for "did you mean". */
#define CODEC_NEAREST_BYTES_MAX 64

#endif
