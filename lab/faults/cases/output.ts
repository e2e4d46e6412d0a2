/** What `up` prints in several cases. */

/** It found a migration in progress. */
export const takesOver = /no second one is started/;
export const moved = /moved kvm-a → kvm-b/;
/** Either, since what libvirt does depends on the moment. */
export const stayedOrMoved = /on kvm-a as before|moved kvm-a → kvm-b/;
