/* SPDX-License-Identifier: MIT */
#include "symbolizer/expression.h"

#include <dwarf.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { STACK = 0x7000, RSP = 7, RBX = 3, RDI = 5 };

/* A frame with a few registers, and sixteen bytes of memory. */
struct world {
    struct snapshot snapshot;
    struct snapshot_memory memory;
    struct walk walk;
    struct cpu cpu;
    struct dw_info info;
    struct dw_unit unit;
    struct activation activation;
};

static const uint8_t BYTES[16] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};

static void make(struct world *world) {
    *world = (struct world){0};
    world->memory = (struct snapshot_memory){
        .address = STACK, .kind = SNAPSHOT_MEMORY_KIND_STACK, .bytes = BYTES, .size = sizeof BYTES};
    world->snapshot.memory = &world->memory;
    world->snapshot.n_memory = 1;
    world->walk.snapshot = &world->snapshot;
    world->walk.budget.evaluated = 1 << 20;
    cpu_set(&world->cpu, RSP, STACK);
    cpu_set(&world->cpu, RBX, 0x1122334455667788);
    world->unit =
        (struct dw_unit){.info = &world->info, .version = 5, .address_size = 8, .offset_size = 4};
    world->activation = (struct activation){
        .walk = &world->walk, .cpu = &world->cpu, .cfa = STACK + 16, .bias = 0x1000};
}

#define EVALUATE(place, ...)                                                                       \
    evaluate(&world, place, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static enum outcome evaluate(struct world *world, struct place *place, const uint8_t *bytes,
                             size_t size) {
    struct expression expression = {bytes, size, &world->unit};
    return expression_place(&world->activation, &expression, NULL, place);
}

static uint64_t number(struct world *world, const uint8_t *bytes, size_t size) {
    struct expression expression = {bytes, size, &world->unit};
    uint64_t value = 0;
    assert_int_equal(expression_number(&world->activation, &expression, NULL, &value), OUTCOME_OK);
    return value;
}

#define NUMBER(...)                                                                                \
    number(&world, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_places(void **state) {
    struct world world;
    struct place place;
    uint64_t value = 0;
    make(&world);
    assert_int_equal(EVALUATE(&place, DW_OP_breg7, 8), OUTCOME_OK);
    assert_int_equal(place.pieces[0].kind, PIECE_MEMORY);
    assert_int_equal(place.pieces[0].number, STACK + 8);
    assert_int_equal(place_read(&world.activation, &place, 0, 32, (uint8_t *)&value), OUTCOME_OK);
    assert_int_equal(value, 0x04030201);
    value = 0;
    assert_int_equal(place_read(&world.activation, &place, 4, 8, (uint8_t *)&value), OUTCOME_OK);
    assert_int_equal(value, 0x20);
    assert_int_equal(EVALUATE(&place, DW_OP_reg3), OUTCOME_OK);
    assert_int_equal(place_read(&world.activation, &place, 0, 64, (uint8_t *)&value), OUTCOME_OK);
    assert_int_equal(value, 0x1122334455667788);
    assert_int_equal(EVALUATE(&place, DW_OP_implicit_value, 2, 7, 9), OUTCOME_OK);
    value = 0;
    assert_int_equal(place_read(&world.activation, &place, 0, 16, (uint8_t *)&value), OUTCOME_OK);
    assert_int_equal(value, 0x0907);
    /* The frame's own register is not known: the object is somewhere, but not here. */
    assert_int_equal(EVALUATE(&place, DW_OP_reg5), OUTCOME_OK);
    assert_int_equal(place_read(&world.activation, &place, 0, 64, (uint8_t *)&value),
                     OUTCOME_NOT_CAPTURED);
    /* Beyond the value that there is. */
    assert_int_equal(EVALUATE(&place, DW_OP_lit5, DW_OP_stack_value), OUTCOME_OK);
    uint8_t wide[16];
    assert_int_equal(place_read(&world.activation, &place, 0, 128, wide), OUTCOME_OPTIMIZED_OUT);
}

static void test_numbers(void **state) {
    struct world world;
    make(&world);
    assert_int_equal(NUMBER(DW_OP_breg7, 0, DW_OP_deref), 42);
    assert_int_equal(NUMBER(DW_OP_breg7, 8, DW_OP_deref_size, 2), 0x0201);
    assert_int_equal(NUMBER(DW_OP_addr, 0x10, 0, 0, 0, 0, 0, 0, 0), 0x1010);
    assert_int_equal(NUMBER(DW_OP_call_frame_cfa), STACK + 16);
    assert_int_equal(NUMBER(DW_OP_lit7, DW_OP_lit3, DW_OP_minus), 4);
    assert_int_equal(NUMBER(DW_OP_const1s, 0xf8, DW_OP_lit3, DW_OP_div), (uint64_t)-2);
    assert_int_equal(NUMBER(DW_OP_lit7, DW_OP_lit3, DW_OP_mod), 1);
    assert_int_equal(NUMBER(DW_OP_const1s, 0xff, DW_OP_lit1, DW_OP_lt), 1);
    assert_int_equal(NUMBER(DW_OP_const1s, 0xf0, DW_OP_lit2, DW_OP_shra), (uint64_t)-4);
    assert_int_equal(NUMBER(DW_OP_lit1, DW_OP_const1u, 64, DW_OP_shl), 0);
    assert_int_equal(NUMBER(DW_OP_lit1, DW_OP_lit2, DW_OP_lit3, DW_OP_rot), 2);
    assert_int_equal(NUMBER(DW_OP_lit1, DW_OP_lit2, DW_OP_over), 1);
    assert_int_equal(NUMBER(DW_OP_constu, 0x80, 1, DW_OP_consts, 0x7f, DW_OP_plus), 127);
    /* 10 + 9 + ... + 1 by a loop. */
    assert_int_equal(NUMBER(DW_OP_lit0, DW_OP_lit10, DW_OP_dup, DW_OP_rot, DW_OP_plus, DW_OP_swap,
                            DW_OP_lit1, DW_OP_minus, DW_OP_dup, DW_OP_bra, 0xf6, 0xff, DW_OP_drop),
                     55);
}

static void test_pieces(void **state) {
    struct world world;
    struct place place;
    uint8_t bytes[12];
    make(&world);
    assert_int_equal(EVALUATE(&place, DW_OP_breg7, 8, DW_OP_piece, 4, DW_OP_piece, 4, DW_OP_reg3,
                              DW_OP_piece, 2, DW_OP_breg5, 0, DW_OP_piece, 2),
                     OUTCOME_OK);
    assert_int_equal(place.n, 4);
    assert_int_equal(place_read(&world.activation, &place, 0, 32, bytes), OUTCOME_OK);
    assert_memory_equal(bytes, BYTES + 8, 4);
    assert_int_equal(place_read(&world.activation, &place, 32, 32, bytes), OUTCOME_OPTIMIZED_OUT);
    assert_int_equal(place_read(&world.activation, &place, 64, 16, bytes), OUTCOME_OK);
    assert_memory_equal(bytes, "\x88\x77", 2);
    assert_int_equal(place_read(&world.activation, &place, 80, 16, bytes), OUTCOME_NOT_CAPTURED);
    assert_int_equal(place_read(&world.activation, &place, 96, 8, bytes), OUTCOME_OPTIMIZED_OUT);
    /* Bits out of the middle of a register. */
    assert_int_equal(
        EVALUATE(&place, DW_OP_reg3, DW_OP_bit_piece, 4, 4, DW_OP_reg3, DW_OP_bit_piece, 4, 0),
        OUTCOME_OK);
    assert_int_equal(place_read(&world.activation, &place, 0, 8, bytes), OUTCOME_OK);
    assert_int_equal(bytes[0], 0x88);
}

static void test_what_is_not_there(void **state) {
    struct world world;
    struct place place;
    make(&world);
    assert_int_equal(evaluate(&world, &place, NULL, 0), OUTCOME_OPTIMIZED_OUT);
    assert_int_equal(EVALUATE(&place, DW_OP_breg5, 0), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_lit8, DW_OP_deref, DW_OP_stack_value),
                     OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_lit0, DW_OP_form_tls_address), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_lit1, DW_OP_lit0, DW_OP_div, DW_OP_stack_value),
                     OUTCOME_NOT_CAPTURED);
    world.activation.cfa = 0;
    assert_int_equal(EVALUATE(&place, DW_OP_call_frame_cfa), OUTCOME_NOT_CAPTURED);
}

static void test_hostile(void **state) {
    struct world world;
    struct place place;
    uint8_t many[4096];
    make(&world);
    /* Without an end. */
    assert_int_equal(EVALUATE(&place, DW_OP_skip, 0xfd, 0xff), OUTCOME_NOT_CAPTURED);
    assert_true(world.walk.budget.evaluated > 0);
    assert_int_equal(EVALUATE(&place, DW_OP_lit1, DW_OP_dup, DW_OP_bra, 0xfc, 0xff),
                     OUTCOME_NOT_CAPTURED);
    /* Out of the expression, the stack, the operands. */
    assert_int_equal(EVALUATE(&place, DW_OP_skip, 0xf0, 0xff), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_skip, 0xff, 0x7f), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_drop), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_lit1, DW_OP_rot), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_lit1, DW_OP_pick, 200), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_const8u, 1, 2), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_implicit_value, 200, 1), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_breg7, 0, DW_OP_deref_size, 9), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_lit1, DW_OP_piece, 0), OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, DW_OP_entry_value, 0xff, 0xff, 0xff, 0x7f, DW_OP_reg5),
                     OUTCOME_NOT_CAPTURED);
    assert_int_equal(EVALUATE(&place, 0xff), OUTCOME_NOT_CAPTURED);
    memset(many, DW_OP_lit1, sizeof many);
    assert_int_equal(evaluate(&world, &place, many, sizeof many), OUTCOME_NOT_CAPTURED);
    for (size_t i = 0; i < sizeof many; i += 2)
        memcpy(many + i, (uint8_t[]){DW_OP_piece, 1}, 2);
    assert_int_equal(evaluate(&world, &place, many, sizeof many), OUTCOME_NOT_CAPTURED);
    /* Pieces that are larger than any object. */
    assert_int_equal(EVALUATE(&place, DW_OP_reg3, DW_OP_piece, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                              0xff, 0xff, 0xff, 1),
                     OUTCOME_OK);
    uint64_t value;
    assert_int_equal(place_read(&world.activation, &place, 0, 64, (uint8_t *)&value), OUTCOME_OK);
    assert_int_equal(place_read(&world.activation, &place, 1, 64, (uint8_t *)&value),
                     OUTCOME_OPTIMIZED_OUT);
    /* What all may cost together. */
    world.walk.budget.evaluated = 2;
    assert_int_equal(EVALUATE(&place, DW_OP_lit1, DW_OP_lit1, DW_OP_plus, DW_OP_stack_value),
                     OUTCOME_NOT_CAPTURED);
}

RUN_TESTS("expression", cmocka_unit_test(test_places), cmocka_unit_test(test_numbers),
          cmocka_unit_test(test_pieces), cmocka_unit_test(test_what_is_not_there),
          cmocka_unit_test(test_hostile))
