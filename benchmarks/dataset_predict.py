"""The usual way to classify a folder with Keras: image_dataset_from_directory, then model.predict.

python benchmarks/dataset_predict.py FOLDER
"""

import sys

import keras

applications = keras.applications.mobilenet_v2
images = keras.utils.image_dataset_from_directory(
    sys.argv[1], labels=None, shuffle=False, image_size=(224, 224), batch_size=32, verbose=False
)
model = applications.MobileNetV2(weights="imagenet")
scores = model.predict(images.map(applications.preprocess_input), verbose=0)
for path, best in zip(images.file_paths, applications.decode_predictions(scores, top=3), strict=True):
    print(path, best)
