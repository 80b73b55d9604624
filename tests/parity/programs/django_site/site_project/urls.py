from demo import views
from django.urls import path

urlpatterns = [
    path("widgets/", views.create),
    path("widgets/rolled-back/", views.create_and_fail),
    path("widgets/<int:pk>/", views.show),
    path("tasks/<str:task_id>/", views.status),
]
