/*
 * The lab's guest: 512 bytes that dirty memory at a known rate and notice when memory went wrong.
 *
 * Every 4 KiB page from 1 MiB up to `limit` holds two words: the number of passes done, and its own address xor `seed`.
 * Each pass compares both before it writes, so that a page that is stale, lost or misplaced after a migration is seen.
 * On the serial line: "B" once at boot, then per pass "." (all pages right) or "!" (at least one was wrong).
 *
 * `per_tick` pages are written per timer tick of 10 ms, then the CPU halts: the dirty rate does not depend on how fast the
 * computer is, and an idle guest costs no CPU. 0 = never halt. `delay` is a busy loop after each page. A guest whose `off` is
 * written to, from outside, switches itself off after its pass, as an operating system does: through ACPI.
 *
 * After a change, rebuild and put the bytes into boot-sector.ts:
 *   as --32 boot-sector.S -o b.o && ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o b.bin b.o && base64 -w 110 b.bin
 */
.set START, 0x100000
.set PAGE, 0x1000
.set TICK, 11932 /* 1193182 Hz / 100 */
.set COM1, 0x3f8
.set PM1A_CONTROL, 0x604 /* where the BIOS puts it on q35 */
.set SLEEP_S5, 0x2000

.globl _start
.code16
_start:
  cli
  xorw %ax, %ax
  movw %ax, %ds
  lgdt gdt_pointer
  movl %cr0, %eax
  orb $1, %al
  movl %eax, %cr0
  ljmp $8, $protected

.code32
protected:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %fs /* unused, but KVM emulates a guest whose segments are leftovers of real mode */
  movw %ax, %gs
  movw %ax, %ss
  movl $0x7000, %esp
  inb $0x92, %al /* address line 20 */
  orb $2, %al
  outb %al, $0x92
  lidt idt_pointer
  movb $0xfe, %al /* of all interrupts only the timer's */
  outb %al, $0x21
  movb $0xff, %al
  outb %al, $0xa1
  movb $0x34, %al
  outb %al, $0x43
  movb $(TICK & 255), %al
  outb %al, $0x40
  movb $(TICK >> 8), %al
  outb %al, $0x40

  xorl %ebx, %ebx /* ebx: passes done */
  movl $START, %edi
fill:
  movl %ebx, (%edi)
  movl %edi, %eax
  xorl seed, %eax
  movl %eax, 4(%edi)
  addl $PAGE, %edi
  cmpl limit, %edi
  jb fill
  movb $'B', %al
  call print
  movl per_tick, %ebp /* ebp: pages left until the next halt */

pass:
  movl $'.', %esi /* esi: this pass's verdict */
  movl $START, %edi
page:
  movl %edi, %eax
  xorl seed, %eax
  cmpl %eax, 4(%edi)
  jne wrong
  cmpl %ebx, (%edi)
  je right
wrong:
  movl $'!', %esi
  movl %eax, 4(%edi)
right:
  leal 1(%ebx), %eax
  movl %eax, (%edi)
  movl delay, %ecx
  jecxz rested
1: decl %ecx
  jnz 1b
rested:
  decl %ebp
  jnz next
  movl per_tick, %ebp
  sti
  hlt
tick: /* the timer's interrupt ends the halt; it is never returned from, as KVM's emulation knows no iret */
  movb $0x20, %al
  outb %al, $0x20
  movl $0x7000, %esp
next:
  addl $PAGE, %edi
  cmpl limit, %edi
  jb page
  incl %ebx
  movl %esi, %eax
  call print
  cmpl $0, off
  je pass
  movw $PM1A_CONTROL, %dx
  movw $SLEEP_S5, %ax
  outw %ax, %dx
  jmp pass

print:
  movw $COM1, %dx
  outb %al, %dx
  ret

.align 8
gdt:
  .quad 0
  .quad 0x00cf9a000000ffff
  .quad 0x00cf92000000ffff
gdt_pointer:
  .word 23
  .long gdt
.align 8
timer_gate: /* the BIOS leaves the timer at vector 8: the only entry that is ever used */
  .word tick, 8, 0x8e00, 0
idt_pointer:
  .word 9 * 8 - 1
  .long timer_gate - 8 * 8

/* The parameters, at fixed offsets that boot-sector.ts writes to. */
.org 0x1e0
delay:    .long 0
limit:    .long 0x1100000
per_tick: .long 64
seed:     .long 0x5eed1ab5
off:      .long 0
.org 510
.word 0xaa55
