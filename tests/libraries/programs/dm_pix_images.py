"""Images: colours, blurs, flips, distances."""

import dm_pix as pix
import jax
import jax.numpy as jnp
from report import report

image = jax.random.uniform(jax.random.key(16), (12, 10, 3))
other = jnp.clip(image * 0.9 + 0.05, 0, 1)
report(
    grey=pix.rgb_to_grayscale(image),
    hsv=pix.rgb_to_hsv(image),
    back=pix.hsv_to_rgb(pix.rgb_to_hsv(image)),
    blurred=pix.gaussian_blur(image, 1.0, kernel_size=3),
    flipped=pix.flip_left_right(image),
    bright=pix.adjust_brightness(image, 0.1),
    contrast=pix.adjust_contrast(image, 1.5),
    turned=pix.rotate(image, angle=0.3),
    psnr=pix.psnr(image, other),
    ssim=pix.ssim(image, other, filter_size=5),
    random=pix.random_contrast(jax.random.key(17), image, lower=0.5, upper=1.5),
)
