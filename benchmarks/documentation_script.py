"""What Keras's documentation shows for classifying images: the peer that kerastl is measured against.

python benchmarks/documentation_script.py IMAGE...
"""

import sys

import keras
import numpy as np

applications = keras.applications.mobilenet_v2
model = applications.MobileNetV2(weights="imagenet")
for path in sys.argv[1:]:
    image = keras.utils.load_img(path, target_size=(224, 224))
    x = keras.utils.img_to_array(image)
    x = np.expand_dims(x, axis=0)
    x = applications.preprocess_input(x)
    predictions = model.predict(x, verbose=0)
    print(path, applications.decode_predictions(predictions, top=3)[0])
